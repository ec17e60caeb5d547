"""Settings that change what is decided and what is kept of it."""

import json
from pathlib import Path
from typing import Any

from support.scoring.bento import APPLICATION, HandWrittenStore, ServedBento, settings

NOBODY = "20010101_0009"


def test_the_last_decisions_are_in_the_log_when_the_process_has_ended(
    model: dict[str, Any], store: HandWrittenStore, tmp_path: Path
) -> None:
    log = {"sink": f"file://{tmp_path}/decisions", "personalData": True}
    changed = settings(model, store.server.port, decisionLog=log)
    with ServedBento(changed, model["home"], tmp_path / "run") as bento:
        bento.ready()
        decision = bento.score()
    (file,) = (tmp_path / "decisions").rglob("*.jsonl")
    (line,) = [json.loads(each) for each in file.read_text().splitlines()]
    assert line["id"] == decision["id"]
    assert line["features"] == decision["features"]
    assert line["values"]["dob_ssn"] == APPLICATION["dob_ssn"]
    assert line["values"]["mortgage_due"] == 91803


def test_missing_features_are_scored_as_zero_where_the_policy_says_default(
    model: dict[str, Any], store: HandWrittenStore, tmp_path: Path
) -> None:
    changed = settings(model, store.server.port, features={"onMissing": "Default"})
    with ServedBento(changed, model["home"], tmp_path) as bento:
        bento.ready()
        decision = bento.score(dob_ssn=NOBODY)
        explanation = bento.post("/explain", APPLICATION | {"dob_ssn": NOBODY}).json()
    assert decision["decision"] == "Approve"
    codes = [reason["code"] for reason in decision["reasons"]]
    assert codes == ["FeaturesNotFound", "BelowThreshold"]
    assert explanation["values"]["total_debt"] == {"total_debt_due": 0}
