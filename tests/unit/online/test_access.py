"""The documented access strings are those that are checked and tested."""

from pathlib import Path

from hotplate.online.access import access_string, reading_access_string

DOCS = Path(__file__).parents[3] / "docs" / "elasticache.md"


def test_the_documented_access_strings_are_the_tested_ones() -> None:
    text = DOCS.read_text()
    assert f"\n{access_string('credit_scoring')}\n" in text
    assert f"\n{reading_access_string('credit_scoring')}\n" in text
