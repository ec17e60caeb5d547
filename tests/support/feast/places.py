"""Rows of the feature view `places` for a Feast store, and how to read them back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pandas as pd
from feast import FeatureStore

from support.feast.feast_online import NOW

PLUGIN = "hotplate.online.HotplateOnlineStore"
CITIES = [f"city-{n}" for n in range(120)]


def places(cities: list[str] = CITIES, age: timedelta = timedelta(0)) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "zipcode": range(len(cities)),
            "event_timestamp": pd.Timestamp(NOW - age),
            "city": cities,
            "population": range(len(cities)),
        }
    )


def read(store: FeatureStore, zipcodes: Iterable[int]) -> dict[str, list[Any]]:
    rows = [{"zipcode": zipcode} for zipcode in zipcodes]
    found: dict[str, list[Any]] = store.get_online_features(
        ["places:city", "places:population"], rows
    ).to_dict()
    return found
