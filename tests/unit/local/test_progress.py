import io
import shlex

import pytest
from rich.console import Console

from hotplate.local.progress import Steps
from hotplate.local.serving.example import curl, example_request


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def test_a_step_prints_its_outcome_and_seconds_as_plain_lines() -> None:
    output = console()
    with Steps(output).step("plan") as step:
        step.done("2 to create")

    first, second = printed(output).splitlines()
    assert first == "… plan"
    *words, seconds, unit = second.split()
    assert words == ["✓", "plan", "2", "to", "create"]
    assert float(seconds) >= 0
    assert unit == "s"


def test_a_step_that_fails_says_so_and_raises() -> None:
    output = console()
    with pytest.raises(ValueError, match="no"), Steps(output).step("plan"):
        raise ValueError("no")

    assert "✗ plan" in printed(output)


def test_the_example_is_found_in_the_openapi_description() -> None:
    openapi = {
        "paths": {
            "/readyz": {"get": {}},
            "/score": {
                "post": {
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/x/Loan"}}}
                    }
                }
            },
        },
        "components": {"schemas": {"Loan": {"examples": [{"amount": 1}]}}},
    }

    assert example_request(openapi) == ("/score", {"amount": 1})
    assert example_request({}) is None


def test_the_curl_line_is_what_a_shell_understands() -> None:
    words = shlex.split(curl("http://127.0.0.1:3000/score", {"name": "O'Hara"}))

    assert words[-2:] == ["-d", '{"name": "O\'Hara"}']
