import json
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnxruntime
import pytest

from hotplate.model.feature_contract import FeatureContract
from support.scoring.bento import (
    APPLICATION,
    DAY,
    FORT_WORTH,
    HISTORY,
    HandWrittenStore,
    ServedBento,
)

NOBODY = "20010101_0000"
BAD_PAYER = "19800101_0001"
FORGOTTEN = "19800101_0002"
UNKNOWN_DEBT = "19800101_0003"


@pytest.fixture(scope="module", autouse=True)
def persons(store: HandWrittenStore) -> None:
    store.write("credit_history", BAD_PAYER, HISTORY | {"missed_payments_1y": 4})
    store.write("credit_history", FORGOTTEN, HISTORY, age=91 * DAY)
    store.write("credit_history", UNKNOWN_DEBT, HISTORY | {"mortgage_due": None})


def offline_probability(model: dict[str, Any], row: dict[str, Any]) -> float:
    """Return what the model says of the row without a service around it."""
    name, _, version = model["model"]["tag"].partition(":")
    folder = Path(model["home"]) / "models" / name / version
    contract = FeatureContract.from_json((folder / "contract.json").read_bytes())
    session = onnxruntime.InferenceSession((folder / "model.onnx").read_bytes())
    (output,) = session.run(["probabilities"], {"features": contract.encode([row])})
    return float(np.asarray(output)[0, 1])


def test_the_example_is_decided_on_the_features_in_the_store(bento: ServedBento) -> None:
    decision = bento.score()
    assert decision["decision"] == "Approve"
    assert decision["reasons"][0]["code"] == "BelowThreshold"
    assert decision["featureService"] == "credit_scoring_v1"
    assert decision["modelVersion"] == bento.settings["model"]["tag"]
    assert decision["features"]["zipcode_features"]["status"] == "PRESENT"
    assert decision["features"]["credit_history"]["ageSeconds"] == pytest.approx(3 * DAY, abs=300)
    assert decision["milliseconds"] > 0


def test_the_probability_is_the_models_own_offline(
    bento: ServedBento, model: dict[str, Any]
) -> None:
    row = APPLICATION | FORT_WORTH | HISTORY | {"total_debt_due": 8419 + 91803}
    assert bento.score()["probability"] == pytest.approx(offline_probability(model, row), abs=1e-9)


def test_a_probability_at_or_above_the_threshold_is_rejected(bento: ServedBento) -> None:
    decision = bento.score(dob_ssn=BAD_PAYER)
    assert decision["decision"] == "Reject"
    assert decision["probability"] > 0.5
    assert decision["reasons"][0]["code"] == "AtOrAboveThreshold"


@pytest.mark.parametrize(
    ("person", "code", "status"),
    [
        (NOBODY, "FeaturesNotFound", "NOT_FOUND"),
        (FORGOTTEN, "FeaturesExpired", "EXPIRED"),
        (UNKNOWN_DEBT, "FeatureNull", "PRESENT"),
    ],
)
def test_a_missing_or_stale_feature_is_referred_and_never_guessed(
    bento: ServedBento, person: str, code: str, status: str
) -> None:
    decision = bento.score(dob_ssn=person)
    assert decision["decision"] == "Refer"
    assert decision["probability"] is None
    assert [reason["code"] for reason in decision["reasons"]] == [code]
    assert decision["features"]["credit_history"]["status"] == status


def test_an_expired_view_tells_its_age(bento: ServedBento) -> None:
    age = bento.score(dob_ssn=FORGOTTEN)["features"]["credit_history"]["ageSeconds"]
    assert age == pytest.approx(91 * DAY, abs=300)


def test_an_explanation_shows_the_values_a_decision_was_made_of(bento: ServedBento) -> None:
    explanation = bento.post("/explain", APPLICATION).json()
    assert explanation["decision"] == "Approve"
    assert explanation["values"]["request"] == APPLICATION
    assert explanation["values"]["zipcode_features"] == FORT_WORTH
    assert explanation["values"]["credit_history"] == HISTORY
    assert explanation["values"]["total_debt"] == {"total_debt_due": 100222}


def test_a_decision_holds_no_value_of_the_applicant(bento: ServedBento) -> None:
    assert "values" not in bento.score()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"loan_amnt": "35000"}, "loan_amnt"),
        ({"person_age": 30.5}, "person_age"),
        ({"person_age": -1}, "person_age"),
        ({"person_income": None}, "person_income"),
        ({"loan_intent": "Personal"}, "loan_intent"),
        ({"person_home_ownership": "CASTLE"}, "person_home_ownership"),
        ({"dob_ssn": "1963-06-21"}, "dob_ssn"),
        ({"zipcode": "76104"}, "zipcode"),
        ({"zipcode": 100_000}, "zipcode"),
        ({"loan_rate": 1.0}, "loan_rate"),
    ],
)
def test_a_wrong_field_is_refused_by_name(
    bento: ServedBento, change: dict[str, Any], field: str
) -> None:
    response = bento.post("/score", APPLICATION | change)
    assert response.status_code == 400
    assert [each["loc"] for each in response.json()["detail"]] == [[field]]


@pytest.mark.parametrize("field", APPLICATION)
def test_a_field_left_out_is_refused_by_name(bento: ServedBento, field: str) -> None:
    body = {name: value for name, value in APPLICATION.items() if name != field}
    response = bento.post("/score", body)
    assert response.status_code == 400
    assert response.json()["detail"][0]["loc"] == [field]


def test_a_body_that_is_not_json_is_refused(bento: ServedBento) -> None:
    response = httpx.post(bento.url + "/score", content=b"{", timeout=5)
    assert response.status_code == 400
    assert "Invalid JSON" in response.text


def test_a_refused_request_is_one_log_line_without_its_values(bento: ServedBento) -> None:
    bento.post("/score", APPLICATION | {"dob_ssn": "secret-of-the-caller"})
    log = bento.log.read_text()
    assert "/score [POST]: invalid fields: dob_ssn" in log
    assert "secret-of-the-caller" not in log
    assert "Traceback" not in log


def test_rows_are_decided_in_their_order_by_one_call_of_the_model(bento: ServedBento) -> None:
    calls = bento.metric("hotplate_predict_seconds_count")
    persons = [NOBODY, BAD_PAYER, APPLICATION["dob_ssn"]] * 20
    rows = [APPLICATION | {"dob_ssn": person} for person in persons]
    decisions = bento.post("/score_many", {"rows": rows}).json()["decisions"]
    assert [each["decision"] for each in decisions] == ["Refer", "Reject", "Approve"] * 20
    assert len({each["id"] for each in decisions}) == 60
    assert bento.metric("hotplate_predict_seconds_count") == calls + 1


def test_a_thousand_rows_are_decided(bento: ServedBento) -> None:
    response = bento.post("/score_many", {"rows": [APPLICATION] * 1000})
    assert response.status_code == 200
    assert {each["decision"] for each in response.json()["decisions"]} == {"Approve"}


@pytest.mark.parametrize("count", [0, 1001])
def test_no_row_and_more_than_a_thousand_are_refused(bento: ServedBento, count: int) -> None:
    response = bento.post("/score_many", {"rows": [APPLICATION] * count})
    assert response.status_code == 400
    assert response.json()["detail"][0]["loc"] == ["rows"]


def test_a_wrong_row_is_named_by_its_place(bento: ServedBento) -> None:
    rows = [APPLICATION, APPLICATION | {"loan_amnt": 0}]
    response = bento.post("/score_many", {"rows": rows})
    assert response.json()["detail"][0]["loc"] == ["rows", 1, "loan_amnt"]


def test_metrics_count_decisions_and_resolve_milliseconds(bento: ServedBento) -> None:
    labels = f'{{decision="Refer",model="{bento.settings["model"]["tag"]}"}}'
    before = bento.metric(f"hotplate_decisions_total{labels}")
    bento.score(dob_ssn=NOBODY)
    assert bento.metric(f"hotplate_decisions_total{labels}") == before + 1
    text = httpx.get(bento.url + "/metrics", timeout=5).text
    for name in ("bentoml_service_request_duration", "hotplate_decision", "hotplate_feature_read"):
        lines = [line for line in text.splitlines() if line.startswith(f"{name}_seconds_bucket")]
        for bound in ("0.001", "0.002", "0.004", "0.005", "0.01", "0.015", "0.025"):
            assert any(f'le="{bound}"' in line for line in lines), (name, bound)
    assert 'hotplate_feature_view_reads_total{status="NOT_FOUND",view="credit_history"}' in text
    assert 'hotplate_feature_age_seconds_bucket{le="86400.0",view="zipcode_features"}' in text


def test_metrics_hold_no_personal_data(bento: ServedBento) -> None:
    bento.score()
    assert APPLICATION["dob_ssn"] not in httpx.get(bento.url + "/metrics", timeout=5).text


def test_the_decision_log_has_a_line_for_each_decision_and_no_personal_data(
    bento: ServedBento,
) -> None:
    decision = bento.score()
    deadline = time.monotonic() + 10
    while decision["id"] not in bento.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    lines = [line for line in bento.log.read_text().splitlines() if decision["id"] in line]
    assert json.loads(lines[0])["probability"] == decision["probability"]
    assert "19630621" not in bento.log.read_text()


def test_the_api_documentation_comes_from_the_process_itself(bento: ServedBento) -> None:
    page = httpx.get(bento.url + "/docs", timeout=5)
    assert page.status_code == 200
    assert "://" not in page.text
    openapi = httpx.get(bento.url + "/docs.json", timeout=5).json()
    assert {"/score", "/score_many", "/explain"} <= set(openapi["paths"])
    assert openapi["components"]["schemas"]["LoanApplication"]["example"] == APPLICATION


def test_readyz_and_livez_answer(bento: ServedBento) -> None:
    assert bento.status("/readyz") == 200
    assert bento.status("/livez") == 200
