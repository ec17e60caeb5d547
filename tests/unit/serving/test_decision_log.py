import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hotplate.protocol.serving_settings import DecisionLogSettings
from hotplate.serving import decision_log
from hotplate.serving.decision import Decision, Explanation, Outcome, Reason, ReasonCode
from hotplate.serving.decision_log import DecisionLog
from hotplate.serving.sinks import FileSink, StdoutSink, sink

DECISION = Decision(
    id="1f",
    decision=Outcome.APPROVE,
    probability=0.25,
    reasons=[Reason(code=ReasonCode.BELOW_THRESHOLD, message="below the threshold")],
    model_version="credit_scoring:abc",
    feature_service="credit_scoring_v1",
    features={},
    milliseconds=1.5,
)
VALUES = {"dob_ssn": "19630621_4278", "mortgage_due": 91803, "person_income": 59000}


class Count:
    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1) -> None:
        self.value += amount


class MemorySink:
    """A sink that can be made to refuse."""

    interval = 60.0

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def write(self, lines: Sequence[bytes]) -> None:
        if self.error:
            raise self.error
        self.lines += [json.loads(line) for line in lines]


class LoggedDecisions:
    def __init__(self, **settings: Any) -> None:
        self.sink, self.dropped, self.failures = MemorySink(), Count(), Count()
        self.log = DecisionLog(
            DecisionLogSettings.model_validate(settings), self.sink, self.dropped, self.failures
        )

    def written(self) -> list[dict[str, Any]]:
        self.log.start()
        self.log.stop()
        return self.sink.lines


def test_a_line_says_what_was_decided_and_why() -> None:
    logged = LoggedDecisions()
    logged.log.record(DECISION, VALUES)
    (line,) = logged.written()
    assert line["id"] == "1f"
    assert line["decision"] == "Approve"
    assert line["reasons"] == ["BelowThreshold"]
    assert line["modelVersion"] == "credit_scoring:abc"


def test_no_value_of_the_applicant_is_logged_unless_asked() -> None:
    logged = LoggedDecisions()
    logged.log.record(DECISION, VALUES)
    text = json.dumps(logged.written())
    assert not [value for value in VALUES.values() if str(value) in text]


def test_the_values_of_an_explanation_are_not_logged_either() -> None:
    logged = LoggedDecisions()
    explanation = Explanation(**dict(DECISION), values={"request": dict(VALUES)})
    logged.log.record(explanation, VALUES)
    assert "4278" not in json.dumps(logged.written())


def test_values_are_logged_when_asked() -> None:
    logged = LoggedDecisions(personalData=True)
    logged.log.record(DECISION, VALUES)
    (line,) = logged.written()
    assert line["values"] == VALUES


def test_bytes_are_logged_as_base64_text() -> None:
    logged = LoggedDecisions(personalData=True)
    logged.log.record(DECISION, {"photo": b"\xff", "parts": [b"ab", None], "named": {"a": {b"\0"}}})
    (line,) = logged.written()
    assert line["values"] == {"photo": "/w==", "parts": ["YWI=", None], "named": {"a": ["AA=="]}}


@pytest.mark.parametrize(("rate", "lines"), [(0, 0), (1, 50)])
def test_the_sample_rate_is_the_share_that_is_logged(rate: float, lines: int) -> None:
    logged = LoggedDecisions(sampleRate=rate)
    for _ in range(50):
        logged.log.record(DECISION, VALUES)
    assert len(logged.written()) == lines


def test_what_a_full_log_does_not_take_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "CAPACITY", 3)
    logged = LoggedDecisions()
    for _ in range(5):
        logged.log.record(DECISION, VALUES)
    assert logged.dropped.value == 2
    assert len(logged.written()) == 3


def test_a_batch_that_the_sink_refuses_waits_for_the_next_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logged = LoggedDecisions()
    logged.log.record(DECISION, VALUES)
    logged.sink.error = OSError("no space left")
    with caplog.at_level(logging.WARNING):
        logged.log._flush()
    assert logged.failures.value == 1
    assert "no space left" in caplog.text
    logged.sink.error = None
    assert len(logged.written()) == 1


def test_a_url_gets_a_file_per_batch(tmp_path: Path) -> None:
    sink = FileSink(f"file://{tmp_path}/decisions")
    sink.write([b"1", b"2"])
    sink.write([b"3"])
    files = sorted((tmp_path / "decisions").rglob("*.jsonl"))
    assert [file.read_bytes() for file in files] == [b"1\n2\n", b"3\n"]


def test_the_sink_is_chosen_by_the_setting(tmp_path: Path) -> None:
    assert isinstance(sink("stdout"), StdoutSink)
    assert isinstance(sink(f"file://{tmp_path}"), FileSink)


def test_standard_output_gets_lines(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    StdoutSink().write([b"1", b"2"])
    assert capsysbinary.readouterr().out == b"1\n2\n"
