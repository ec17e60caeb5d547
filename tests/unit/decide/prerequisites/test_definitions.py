"""Definitions in Git: the ref is resolved at each interval, and a new commit is planned."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotplate.decide.jobs.specs import JobSpec
from support.lives import Life

URL = "https://example.com/team/features.git"
FIRST, SECOND = "1f3c9a0b" * 5, "2e4d8c7a" * 5


def life_in_git(**git: str) -> Life:
    return Life(definitions={"git": {"url": URL, **git}})


def until_ready(life: Life) -> Life:
    for label in ("resolve", "plan", "apply", "materialize"):
        life.step()
        life.end(label)
    life.step()
    assert life.condition("Ready") == ("True", "Ready")
    return life


def later(life: Life, **time: float) -> list[str]:
    """Let time pass; return what is started then."""
    life.now += timedelta(**time)
    return life.step()


def spec_of(life: Life, label: str) -> JobSpec:
    (name,) = life.running(label)
    found: JobSpec = life.jobs.specs[name]
    return found


def test_the_ref_is_resolved_before_anything_is_planned() -> None:
    life = life_in_git()

    assert life.step() == ["resolve"]
    assert life.condition("DefinitionsResolved") == ("Unknown", "Running")
    life.end("resolve", commit=FIRST)
    assert life.step() == ["plan"]
    assert spec_of(life, "plan").commit == FIRST
    assert life.store.status.commit == FIRST
    assert life.message("DefinitionsResolved") == "ref main is commit 1f3c9a0b1f3c"


def test_a_commit_needs_no_job_and_is_never_resolved_again() -> None:
    life = life_in_git(ref=FIRST)

    assert life.step() == ["plan"]
    assert spec_of(life, "plan").commit == FIRST
    assert life.condition("DefinitionsResolved") == ("True", "Succeeded")
    later(life, hours=1)
    assert life.running("resolve") == []


def test_definitions_elsewhere_have_no_commit() -> None:
    life = Life()

    assert life.step() == ["plan"]
    assert "DefinitionsResolved" not in life.conditions
    assert life.store.status.commit is None


def test_a_ref_is_resolved_at_each_interval_and_the_same_commit_plans_nothing() -> None:
    life = until_ready(life_in_git(interval="10m"))

    assert later(life, minutes=9) == []
    assert later(life, minutes=1) == ["resolve"]
    assert life.condition("Ready") == ("True", "Ready")
    life.end("resolve")
    assert life.step() == []
    assert later(life, minutes=10) == ["resolve"]


def test_a_decision_says_when_the_ref_is_resolved_next() -> None:
    life = until_ready(life_in_git(interval="10m"))

    assert life.decision is not None
    assert life.decision.requeue_at == life.now + timedelta(minutes=10)


def test_a_new_commit_is_planned_and_applied() -> None:
    life = until_ready(life_in_git())

    assert later(life, minutes=5) == ["resolve"]
    life.end("resolve", commit=SECOND)
    assert life.step() == ["plan"]
    assert spec_of(life, "plan").commit == SECOND


def test_a_failure_keeps_what_is_applied_and_says_why_until_it_is_over() -> None:
    life = until_ready(life_in_git())
    applied = life.store.status.revision
    assert applied is not None

    later(life, minutes=5)
    life.fail("resolve", "GitUnreachable", "connection refused")
    assert life.step() == []
    assert life.condition("DefinitionsResolved") == ("False", "GitUnreachable")
    assert f"revision {applied.id} stays applied" in life.message("DefinitionsResolved")
    assert life.store.status.revision == applied
    assert life.store.status.commit == FIRST
    assert "Stalled" not in life.conditions

    assert later(life, minutes=5) == ["resolve"]
    assert life.condition("DefinitionsResolved") == ("False", "GitUnreachable")
    life.end("resolve")
    life.step()
    assert life.condition("DefinitionsResolved") == ("True", "Succeeded")
    assert life.condition("Ready") == ("True", "Ready")


@pytest.mark.parametrize("change", [{"url": "https://example.com/other.git"}, {"ref": "next"}])
def test_another_repository_or_ref_is_resolved_at_once_and_its_failure_plans_nothing(
    change: dict[str, str],
) -> None:
    life = until_ready(life_in_git())

    life.change(definitions={"git": {"url": URL} | change})
    assert life.step() == ["resolve"]
    life.fail("resolve", "GitRefMissing", "no such ref")
    assert life.step() == []
    assert life.store.status.commit is None
    assert life.store.status.revision is not None


def test_another_interval_plans_nothing() -> None:
    life = until_ready(life_in_git())

    life.change(definitions={"git": {"url": URL, "interval": "1h"}})
    assert life.step() == []


def test_a_suspended_feature_store_resolves_nothing() -> None:
    life = until_ready(life_in_git())

    life.change(definitions={"git": {"url": URL}}, suspend=True)
    assert later(life, hours=1) == []


def test_a_clock_that_was_far_ahead_does_not_stop_the_polls() -> None:
    life = life_in_git()
    life.now = life.now.replace(year=2030)
    until_ready(life)

    life.now = life.now.replace(year=2026)
    assert life.step() == ["resolve"]
