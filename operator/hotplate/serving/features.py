"""The feature client: reads the views of one feature service within the feature deadline."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from hotplate.online.aio.reader import FeatureRow, OnlineReader
from hotplate.online.connection.config import Connection
from hotplate.online.errors import FeatureValueError, OnlineReadError, OnlineStoreTimeout
from hotplate.protocol.read_plan import ReadPlan
from hotplate.serving.decision import Reason, ReasonCode

logger = logging.getLogger(__name__)

_SECONDS_PER_FURTHER_ROW = 0.0002
_PING_SECONDS = 0.5


class FeatureClient:
    """Reads rows from the online store within the feature deadline."""

    def __init__(self, plan: ReadPlan, connection: Connection, deadline: float) -> None:
        service = plan.feature_services[0].name
        self.views = tuple(view.name for view in plan.views)
        self._reader = OnlineReader(plan, service, connection)
        self._deadline = deadline

    async def read(self, rows: Sequence[Mapping[str, Any]]) -> list[FeatureRow]:
        """Return a row of features for each row of join keys; raise `OnlineReadError`.

        The deadline is that of the settings for one row, plus 0.2 ms for each further row.
        """
        return await self._reader.read(rows, self.deadline(len(rows)))

    def deadline(self, rows: int) -> float:
        """Return the seconds that a read of so many rows may take."""
        return self._deadline + (rows - 1) * _SECONDS_PER_FURTHER_ROW

    async def reachable(self) -> bool:
        """Return whether the online store answers."""
        try:
            await self._reader.ping(_PING_SECONDS)
        except OnlineReadError as error:
            logger.warning("the online store does not answer: %s", error)
            return False
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._reader.close()


def reason_for(error: OnlineReadError) -> Reason:
    """Return the reason of a decision whose features could not be read."""
    return Reason(code=_code(error), message=str(error))


def _code(error: OnlineReadError) -> ReasonCode:
    if isinstance(error, OnlineStoreTimeout):
        return ReasonCode.ONLINE_STORE_TIMEOUT
    if isinstance(error, FeatureValueError):
        return ReasonCode.FEATURES_UNREADABLE
    return ReasonCode.ONLINE_STORE_UNAVAILABLE
