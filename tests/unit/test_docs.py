"""The documentation says what the code does, where that can be compared."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.observe.hints import HINTS
from hotplate.serving.metrics import Metrics as ServingMetrics
from support import ROOT

DOCS = ROOT / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text()
GOLDEN = ROOT / "tests/integration/tool/golden"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

Rules = set[tuple[str, str, str]]
"""API group, kind, verb."""


def first_cells(text: str) -> set[str]:
    """Return all words in the first cells of a page's tables."""
    cells = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {word.strip(" `") for cell in cells for word in cell.split(",")}


REASON_AT = {"JobError": 0, "failed": 1}
"""Functions of Jobs that take a reason, and which of their arguments it is."""


def job_reasons() -> set[str]:
    """Return the reasons with which Jobs and their checks fail, as the code names them."""
    found = set()
    for path in (ROOT / "operator/hotplate/jobs").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name not in REASON_AT or len(node.args) <= REASON_AT[name]:
                continue
            argument = node.args[REASON_AT[name]]
            if isinstance(argument, ast.Constant):
                found.add(str(argument.value))
    return found


def test_the_reasons_of_jobs_are_found_in_all_their_folders() -> None:
    one_each = {"AwsFailed", "EngineInvalid", "GateFailed", "LabelsInvalid", "TlsRequired"}
    assert one_each <= job_reasons()


@pytest.mark.parametrize("reason", [*Reason, *HINTS, *sorted(job_reasons())])
def test_the_runbook_has_every_reason(reason: str) -> None:
    assert str(reason) in first_cells(RUNBOOK)


@pytest.mark.parametrize("kind", list(ConditionType))
def test_the_runbook_has_every_condition(kind: ConditionType) -> None:
    assert re.search(rf"^### {kind}\b", RUNBOOK, re.MULTILINE)


def test_the_runbook_has_every_alert() -> None:
    text = (ROOT / "charts/hotplate/templates/alerts.yaml").read_text()
    alerts = set(re.findall(r"alert: (\w+)", text))
    assert alerts
    assert alerts <= first_cells(RUNBOOK)


def told(section: str) -> Rules:
    """Return the rules in the table under a heading of docs/rbac.md."""
    text = (DOCS / "rbac.md").read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\S+) \| (\S+) \| ([a-z, ]+) \| .+ \|$", text, re.MULTILINE)
    return {
        ("" if group == "core" else group, kind, verb.strip())
        for group, kind, verbs in rows
        for verb in verbs.split(",")
    }


def granted(case: str, kind: str) -> Rules:
    """Return the rules of the operator's role in a golden file of the chart."""
    documents = yaml.safe_load_all((GOLDEN / f"{case}.yaml").read_text())
    rules: list[dict[str, Any]] = next(
        document["rules"]
        for document in documents
        if document and document["kind"] == kind and document["metadata"]["name"] == "hotplate"
    )
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_table_of_rights_is_what_the_chart_grants() -> None:
    of_namespace = told("In each namespace")
    assert of_namespace == granted("default", "Role")
    of_cluster = of_namespace | told("Watching the whole cluster")
    assert of_cluster == granted("cluster-wide", "ClusterRole")


def test_every_metric_that_operations_tells_of_is_exported() -> None:
    text = (DOCS / "operations.md").read_text()
    serving = CollectorRegistry()
    ServingMetrics("model:1", ["view"], serving)
    found = [*Metrics().registry.collect(), *serving.collect()]
    names = {family.name for family in found} | {"hotplate_reconciles_waiting"}
    named = set(re.findall(r"`(hotplate_\w+)`", text))
    known = names | {f"{name}_total" for name in names} | {"hotplate_resources_failing"}
    assert named <= known
    assert {family.name for family in serving.collect()} <= {
        name.removesuffix("_total") for name in named
    }
    assert len(named) > 10


def anchor(heading: str) -> str:
    """Return the anchor that a heading has on a page."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), target
        if fragment and file.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), target


def source_of(name: str) -> Path | None:
    """Return the file of the module, or of the package, of that dotted name."""
    path = ROOT / "operator" / Path(*name.split("."))
    return next(
        (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None
    )


PRESENT = [page for page in PAGES if page.parent.name != "decisions"]
"""Pages that describe the code as it is; a decision describes the code of its day."""


@pytest.mark.parametrize("page", PRESENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_and_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    for name in set(re.findall(r"`(hotplate(?:\.\w+)+)[`(]", text)):
        module, _, last = name.rpartition(".")
        owner = source_of(module)
        assert source_of(name) or (owner and re.search(rf"\b{last}\b", owner.read_text())), name
    for path in set(
        re.findall(r"`((?:operator|tests|benchmarks|deploy|examples)/[\w./-]+)`", text)
    ):
        assert (ROOT / path).exists(), path


def test_the_tests_of_faults_are_where_the_page_says() -> None:
    rings = (ROOT / "tests", ROOT / "tests/integration")
    named = set(re.findall(r"`((?:[a-z_]+/)+test_\w+\.py)`", (DOCS / "testing.md").read_text()))
    assert named
    missing = {path for path in named if not any((ring / path).exists() for ring in rings)}
    assert not missing
