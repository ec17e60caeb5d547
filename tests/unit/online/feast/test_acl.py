"""The documented access strings are those that are checked and tested."""

from hotplate.online.feast.acl import acl_rules, reading_acl_rules
from support import ROOT

DOCS = ROOT / "docs" / "elasticache.md"


def test_the_documented_access_strings_are_the_tested_ones() -> None:
    text = DOCS.read_text()
    assert f"\n{acl_rules('credit_scoring')}\n" in text
    assert f"\n{reading_acl_rules('credit_scoring')}\n" in text
