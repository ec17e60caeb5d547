import io

import pytest
from rich.console import Console

from hotplate.local.progress import Steps


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


def test_steps_may_be_under_way_at_one_time() -> None:
    output = console()
    steps = Steps(output)
    first, second = steps.begin("materialize a"), steps.begin("materialize b")
    first.done("3 rows")
    steps.end(first)
    second.done("no route")
    steps.end(second, failed=True)

    marks = [line[:15] for line in printed(output).splitlines()]
    assert marks == ["… materialize a", "… materialize b", "✓ materialize a", "✗ materialize b"]
