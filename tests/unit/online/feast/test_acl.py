"""The documented access strings are those that are checked and tested."""

from hotplate.online.feast.acl import access_string, reading_access_string
from support import ROOT

DOCS = ROOT / "docs" / "elasticache.md"


def test_the_documented_access_strings_are_the_tested_ones() -> None:
    text = DOCS.read_text()
    assert f"\n{access_string('credit_scoring')}\n" in text
    assert f"\n{reading_access_string('credit_scoring')}\n" in text
