"""A bento that scores for many feature services: one scorer for each case of the file in CASES.

The model's probability is always the same; what is of interest are the values of `explain`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bentoml
from onnx import TensorProto, helper
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from hotplate.model.feature_contract import FeatureContract, served_features
from hotplate.model.onnx import INPUT, OUTPUT, Model
from hotplate.online import Connection
from hotplate.protocol.read_plan import ReadPlan
from hotplate.protocol.serving_settings import DecisionLogSettings, FeatureSettings
from hotplate.serving import Explanation, service_config
from hotplate.serving.decision_log import DecisionLog
from hotplate.serving.features import FeatureClient
from hotplate.serving.metrics import Metrics
from hotplate.serving.policy import FailurePolicy
from hotplate.serving.scorer import Scorer, ScorerDependencies
from hotplate.serving.sinks import sink

CASES = "EQUALITY_CASES"
DEADLINE = 5.0
NUMBERS = {"INT32", "INT64", "FLOAT", "DOUBLE", "BOOL"}


class Asked(BaseModel):
    """One row of a case."""

    case: str
    row: dict[str, Any]


def constant() -> bytes:
    """Return an ONNX classifier whose probability is a half, whatever the features."""
    nodes = [
        helper.make_node("Slice", [INPUT, "zero", "zero", "axis"], ["none"]),
        helper.make_node("ReduceSum", ["none", "axis"], ["nothing"], keepdims=1),
        helper.make_node("Add", ["nothing", "halves"], [OUTPUT]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, None])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 2])],
        [
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
            helper.make_tensor("zero", TensorProto.INT64, [1], [0]),
            helper.make_tensor("halves", TensorProto.FLOAT, [2], [0.5, 0.5]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def scorer(plan: ReadPlan, online: Connection) -> Scorer:
    """Return the scorer of the one feature service of the plan; its model sees the numbers."""
    contract = FeatureContract(
        feature_service=plan.feature_services[0].name,
        service_hash=plan.hash,
        features=tuple(each for each in served_features(plan) if each.dtype in NUMBERS),
        target="label",
        threshold=0.9,
        model_hash="sha256:constant",
    )
    features = FeatureClient(plan, online, DEADLINE)
    metrics = Metrics("constant", features.views, CollectorRegistry())
    log = DecisionLog(
        DecisionLogSettings(sample_rate=0.0),
        sink("stdout"),
        metrics.log_dropped,
        metrics.log_failures,
    )
    policy = FailurePolicy(plan, FeatureSettings())
    model = Model("constant", contract, constant())
    return Scorer(ScorerDependencies(model, plan, features, policy, log, metrics))


def _given() -> dict[str, Any]:
    given: dict[str, Any] = json.loads(Path(os.environ[CASES]).read_text())
    return given


@bentoml.service(name="Equality", **service_config())
class Equality:
    """Explains a row of a case."""

    @bentoml.on_startup
    async def start(self) -> None:
        """Make the scorers; a case that cannot be served is refused by its row."""
        given = _given()
        online = Connection.from_url(given["online"])
        self.scorers: dict[str, Scorer] = {}
        self.refused: dict[str, str] = {}
        for case, (plan, service) in given["cases"].items():
            try:
                served = ReadPlan.from_json(plan.encode()).for_service(service)
                self.scorers[case] = scorer(served, online)
            except Exception as error:  # noqa: BLE001  the answer of that case
                self.refused[case] = f"{type(error).__name__}: {error}"

    @bentoml.api
    async def explain(self, asked: Asked, /) -> Explanation:
        """Return the decision on the row, with its values."""
        if asked.case in self.refused:
            raise bentoml.exceptions.NotFound(self.refused[asked.case])
        return await self.scorers[asked.case].explain(SimpleNamespace(**asked.row))
