"""For the author of a bento: a base class, and the configuration of @bentoml.service.

@bentoml.service(**service_config())
class CreditScoring(ScoringService):
    example = LoanApplication(...)

    @bentoml.api
    async def score(self, application: LoanApplication, /) -> Decision:
        return await self.scorer.score(application)
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import bentoml

from hotplate.model.errors import ModelError
from hotplate.model.feature_contract import requested
from hotplate.model.onnx import Model
from hotplate.online.decode.on_demand import on_demand_views
from hotplate.online.errors import OnDemandError
from hotplate.protocol.errors import SettingsError
from hotplate.protocol.read_plan import ReadPlan
from hotplate.protocol.serving_settings import ServingSettings
from hotplate.serving.connection import connection
from hotplate.serving.decision import ScoringRequest
from hotplate.serving.decision_log import DecisionLog
from hotplate.serving.features import FeatureClient
from hotplate.serving.loading import load_model, load_settings
from hotplate.serving.log_filters import filter_validation_errors
from hotplate.serving.metrics import LATENCY_BUCKETS, Metrics
from hotplate.serving.policy import FailurePolicy
from hotplate.serving.scorer import Scorer, ScorerDependencies
from hotplate.serving.sinks import sink

UNTRACED = ("/score", "/explain", "/livez", "/readyz", "/healthz", "/metrics")

Function = TypeVar("Function", bound=Callable[..., None])

_BASE_IMAGE = "python:3.11-slim"


def service_config(untraced: tuple[str, ...] = UNTRACED) -> dict[str, Any]:
    """Return the configuration of a service that answers within milliseconds.

    By default BentoML keeps a timer per request for `traffic.timeout` and traces every request,
    which costs more than the decision, and its histogram starts at 5 ms. `untraced` are regular
    expressions of URLs that are not traced. With the image, `bentoml build` works offline.
    """
    return {
        "image": bentoml.images.Image(
            base_image=_BASE_IMAGE, distro="none", lock_python_packages=False
        ),
        "workers": 1,
        "traffic": {"timeout": 1},
        "tracing": {"excluded_urls": list(untraced)},
        "metrics": {"enabled": True, "duration": {"buckets": list(LATENCY_BUCKETS)}},
        "logging": {"access": {"enabled": False}},
    }


def _before_any_worker(function: Function) -> Function:
    """Register the function to run in the process that starts the workers.

    `bentoml.on_deployment` turns it into a static method; calling it only for its mark keeps the
    class method.
    """
    bentoml.on_deployment(function)
    return function


class ScoringService:
    """The life cycle of a scoring process; a bento's service derives from it and adds its APIs."""

    example: ClassVar[ScoringRequest]
    """A request that is scored repeatedly before the first real one, to warm up."""

    scorer: Scorer

    @classmethod
    @_before_any_worker
    def check(cls) -> None:
        """Exit with a one-line error if the model cannot be served; once, before any worker."""
        try:
            settings = load_settings(os.environ)
            connection(settings.online, os.environ)
            sink(settings.decision_log.sink)
            plan, model = _checked(settings)
            _check_request(type(cls.example), plan, model)
        except (SettingsError, ModelError, OnDemandError) as error:
            raise SystemExit(f"error: {error}") from None

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def start(self) -> None:
        """Load the model, warm up, and exempt long-lived objects from garbage collection."""
        settings = load_settings(os.environ)
        plan, model = _checked(settings)
        self._features = FeatureClient(
            plan,
            connection(settings.online, os.environ),
            settings.latency.feature_deadline_seconds,
        )
        self._reached = False
        metrics = Metrics(model.version, self._features.views)
        self._log = DecisionLog(
            settings.decision_log,
            sink(settings.decision_log.sink),
            metrics.log_dropped,
            metrics.log_failures,
        )
        policy = FailurePolicy(plan, settings.features)
        self.scorer = Scorer(
            ScorerDependencies(model, plan, self._features, policy, self._log, metrics)
        )
        self._log.start()
        filter_validation_errors()
        await self.__is_ready__()
        await self.scorer.warm_up(self.example)
        gc.collect()
        gc.freeze()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def stop(self) -> None:
        """Write the last lines of the decision log and close the connections."""
        self._log.stop()
        await self._features.close()

    async def __is_ready__(self) -> bool:
        """Return whether the process is warm and the online store has answered once.

        A store that fails later does not make the process unready: requests are then referred.
        """
        self._reached = self._reached or await self._features.reachable()
        return self._reached


def _checked(settings: ServingSettings) -> tuple[ReadPlan, Model]:
    plan, model = load_model(settings)
    on_demand_views(plan)
    return plan, model


def _check_request(request: type[ScoringRequest], plan: ReadPlan, model: Model) -> None:
    """Raise `ModelError` when the request lacks a join key or an input of the model."""
    needed = [key.name for view in plan.views for key in view.join_keys]
    needed += requested(model.contract)
    needed += [each.name for view in plan.on_demand_views for each in view.inputs if not each.view]
    missing = sorted({name for name in needed if name not in request.model_fields})
    if missing:
        raise ModelError(
            f"{request.__name__} lacks fields that model {model.version} "
            f"or its feature views need: {', '.join(missing)}"
        )
