"""The search for planted secrets finds them in every form, and does not search nothing."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from support.leaks import leaks

SECRET = "p,a=s\"s' w\\ö"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        repr(SECRET),
        quote(SECRET, safe=""),
        json.dumps({"key": SECRET}),
        json.dumps({"data": json.dumps({"key": SECRET})}),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_found_in_each_form(text: str) -> None:
    texts = {"log": "all is well", "event": f"the login {text} is refused"}
    assert leaks([SECRET, "other"], texts) == [("event", SECRET)]


def test_what_is_not_there_is_not_found_and_nothing_is_not_searched() -> None:
    assert leaks([SECRET], {"log": "all is well"}) == []
    with pytest.raises(AssertionError, match="event"):
        leaks([SECRET], {"log": "all is well", "event": " "})
