"""Before anything is planned: are the stores there, and do they let a feature store work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module

from hotplate.jobs.preflight.cache import cache_checks, memory_check
from hotplate.jobs.preflight.cache_facts import cache_facts
from hotplate.jobs.preflight.checks import result_of
from hotplate.jobs.preflight.view_sizes import estimated_bytes
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.workspace import Workplace
from hotplate.protocol.job_results import Check, FailedResult, PreflightResult, Verdict

logger = logging.getLogger(__name__)


def run(workplace: Workplace) -> PreflightResult | FailedResult:
    """Return what the checks found."""
    found = checks(workplace)
    for check in found:
        logger.info("%s: %s: %s", check.name, check.verdict.value, check.message)
    return result_of(found)


def checks(workplace: Workplace) -> list[Check]:
    """Run all checks, each store's in turn."""
    return [check for of_store in _STORES for check in of_store(workplace)]


def _online_store(workplace: Workplace) -> list[Check]:
    cache = workplace.feature_store.spec.online_store.elasti_cache
    if cache is None:
        return []
    facts = cache_facts(connection(workplace), workplace.project)
    if facts.is_refused and cache.auth is not None and cache.auth.iam is not None:
        clock = import_module("hotplate.jobs.aws.clock")
        facts = replace(facts, clock_skew=clock.clock_skew(cache.auth.iam.region))
    found = list(cache_checks(cache, workplace.project, facts, datetime.now(UTC)))
    if any(check.verdict is Verdict.FAILED for check in found):
        return found
    return [*found, memory_check(facts, estimated_bytes(workplace))]


def _on_aws(workplace: Workplace) -> Iterable[Check]:
    if not workplace.feature_store.spec.uses_aws:
        return ()
    found: list[Check] = import_module("hotplate.jobs.preflight.aws").aws_checks(workplace)
    return found  # imported now, since Feast takes seconds


def _in_sql(workplace: Workplace) -> Iterable[Check]:
    if workplace.feature_store.spec.registry.sql is None:
        return ()
    found: list[Check] = import_module("hotplate.jobs.preflight.sql").sql_checks(workplace)
    return found


_STORES: tuple[Callable[[Workplace], Iterable[Check]], ...] = (_online_store, _on_aws, _in_sql)
