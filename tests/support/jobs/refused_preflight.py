"""What a preflight's refusal becomes: a Job's message, a condition, a line of `hotplate doctor`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from hotplate.api import FeatureStore, parse_resource
from hotplate.cli.render.checks import show_checks
from hotplate.controller.children.jobs import CONTAINER
from hotplate.controller.observe.job_outcome import outcome
from hotplate.decide.feature_store import decide
from hotplate.decide.observed import FeatureStoreObserved, Valkey
from hotplate.jobs.command import app
from hotplate.local.doctor import checks_of
from hotplate.protocol.job_results import MAX_BYTES

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
UID = "11111111-2222-3333-4444-555555555555"
TIME = "2026-11-24T10:07:00Z"

OF_A_RUN = re.compile(r" \(request \S*|Rid \w+|[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
"""What AWS and a preflight name differently in each run."""

Json = dict[str, Any]


def reported_refusal(
    document: Json, folder: Path, store: str, capfd: pytest.CaptureFixture[str]
) -> tuple[str, str]:
    """Return the condition that a refused preflight ends in; every level reports the same.

    `folder` has the definitions. The Job ends with one line that fits a termination message, and
    its log has no traceback.
    """
    manifest = folder / "resource.yaml"
    document["metadata"]["annotations"] = {"hotplate.dev/local-definitions": "."}
    manifest.write_text(yaml.safe_dump(document))
    message = _job_message(manifest, folder, store, capfd)
    conditions = conditions_after(document, message)
    refused = {kind: told for kind, told in conditions.items() if "Reachable" in kind}
    kind, (reason, text) = next(iter(refused.items()))
    assert conditions["Ready"][0] == reason
    shown = OF_A_RUN.sub("", _doctor(manifest))
    for check in json.loads(message)["checks"]:
        assert OF_A_RUN.sub("", check["message"]) in shown, (check["message"], shown)
        if (check["verdict"], check["condition"]) == ("Failed", kind):
            assert check["message"] in text
    return reason, text


def _job_message(
    manifest: Path, folder: Path, store: str, capfd: pytest.CaptureFixture[str]
) -> str:
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        app(["preflight", str(manifest), "--definitions", str(folder), "--embedded-store", store])
    output, log = capfd.readouterr()
    assert ended.value.code == 1, output
    assert "Traceback" not in output + log, log
    assert len(output.encode()) <= MAX_BYTES
    return output


def conditions_after(document: Json, message: str) -> dict[str, tuple[str, str]]:
    """Return reason and message of the conditions that are False after a Job ended with this."""
    before = FeatureStoreObserved(NOW, valkey=Valkey(ready=True, pod_uid="1"))
    first = decide(_seen(document), before).status
    assert first.preflight_run is not None
    run = first.preflight_run.job
    after = replace(before, outcomes={run: outcome(_failed_job(run), [_pod(message)])})
    status = first.model_dump(mode="json", by_alias=True, exclude_none=True)
    decision = decide(_seen(document, status), after)
    assert decision.to_start == ()
    return {
        each.type: (each.reason, each.message or "")
        for each in decision.status.conditions
        if each.status == "False"
    }


def _seen(document: Json, status: Json | None = None) -> FeatureStore:
    metadata = document["metadata"] | {"namespace": "ml", "uid": UID, "generation": 3}
    found = parse_resource(
        document | {"metadata": metadata} | ({"status": status} if status else {})
    )
    assert isinstance(found, FeatureStore)
    return found


def _failed_job(name: str) -> Json:
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    failed["lastTransitionTime"] = TIME
    labels = {"hotplate.dev/job": "preflight"}
    status = {"startTime": TIME, "conditions": [failed]}
    return {"metadata": {"name": name, "labels": labels}, "status": status}


def _pod(message: str) -> Json:
    ended = {"reason": "Error", "exitCode": 1, "message": message}
    containers = [{"name": CONTAINER, "state": {"terminated": ended}}]
    status = {"phase": "Failed", "containerStatuses": containers}
    return {"metadata": {"creationTimestamp": TIME}, "status": status}


def _doctor(manifest: Path) -> str:
    """Return what the doctor prints, on one line."""
    shown = StringIO()
    show_checks(checks_of(manifest), Console(file=shown, width=10_000))
    return shown.getvalue()
