"""Check that the stores are reachable and allow a feature store to work, before any plan."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module

from hotplate.jobs.checks.cache import cache_checks, memory_check
from hotplate.jobs.checks.cache_facts import cache_facts
from hotplate.jobs.checks.results import result_of
from hotplate.jobs.checks.view_sizes import estimated_bytes
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.job_results import Check, FailedResult, PreflightResult, Verdict

logger = logging.getLogger(__name__)


def run(workspace: Workspace) -> PreflightResult | FailedResult:
    """Return what the checks found."""
    found = checks(workspace)
    for check in found:
        logger.info("%s: %s: %s", check.name, check.verdict.value, check.message)
    return result_of(found)


def checks(workspace: Workspace) -> list[Check]:
    """Run all checks, each store's in turn."""
    return [check for of_store in _STORES for check in of_store(workspace)]


def _online_store(workspace: Workspace) -> list[Check]:
    cache = workspace.feature_store.spec.online_store.elasti_cache
    if cache is None:
        return []
    facts = cache_facts(connection(workspace), workspace.project)
    if facts.is_refused and cache.auth is not None and cache.auth.iam is not None:
        clock = import_module("hotplate.jobs.aws.clock")
        facts = replace(facts, clock_skew=clock.clock_skew(cache.auth.iam.region))
    found = list(cache_checks(cache, workspace.project, facts, datetime.now(UTC)))
    if any(check.verdict is Verdict.FAILED for check in found):
        return found
    return [*found, memory_check(facts, estimated_bytes(workspace))]


def _on_aws(workspace: Workspace) -> Iterable[Check]:
    if not workspace.feature_store.spec.uses_aws:
        return ()
    found: list[Check] = import_module("hotplate.jobs.checks.aws").aws_checks(workspace)
    return found  # imported now, since Feast takes seconds


def _in_sql(workspace: Workspace) -> Iterable[Check]:
    if workspace.feature_store.spec.registry.sql is None:
        return ()
    found: list[Check] = import_module("hotplate.jobs.checks.sql").sql_checks(workspace)
    return found


_STORES: tuple[Callable[[Workspace], Iterable[Check]], ...] = (_online_store, _on_aws, _in_sql)
