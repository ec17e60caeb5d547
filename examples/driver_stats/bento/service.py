"""The bento: what is asked about a trip, and what answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import bentoml
from pydantic import ConfigDict, Field

from hotplate.serving import (
    Decision,
    Decisions,
    Explanation,
    Rows,
    ScoringRequest,
    ScoringService,
    service_config,
    site,
)

EXAMPLE = {"driver_id": 1006, "distance_km": 7.5, "weather": "RAIN"}


class Trip(ScoringRequest):
    """A trip that somebody asks for, and the driver it would go to."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    driver_id: Annotated[int, Field(ge=1)]
    distance_km: Annotated[float, Field(gt=0, le=1000)]
    weather: Literal["CLEAR", "RAIN", "SNOW"]


class Trips(ScoringRequest):
    """Up to 1,000 trips."""

    rows: Rows[Trip]


@bentoml.asgi_app(site(Path(__file__).with_name("page")), path="/")
@bentoml.service(name="TripScoring", **service_config())
class TripScoring(ScoringService):
    """Decides whether a driver gets a trip: Approve, Reject when it would be late, or Refer."""

    example = Trip.example()

    @bentoml.api
    async def score(self, trip: Trip, /) -> Decision:
        """Decide on one trip."""
        return await self.scorer.score(trip)

    @bentoml.api
    async def score_many(self, trips: Trips, /) -> Decisions:
        """Decide on up to 1,000 trips in one call."""
        return Decisions(decisions=await self.scorer.score_many(trips.rows))

    @bentoml.api
    async def explain(self, trip: Trip, /) -> Explanation:
        """Decide on one trip and show the values the decision was made of."""
        return await self.scorer.explain(trip)
