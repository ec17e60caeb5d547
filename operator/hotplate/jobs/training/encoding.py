"""Features as numbers: the categories that training saw, and the model's input."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotplate.model.feature_contract import ContractFeature, FeatureContract

_TEXT = "STRING"


def with_categories(
    features: tuple[ContractFeature, ...], rows: pd.DataFrame
) -> tuple[ContractFeature, ...]:
    """Return the features with the sorted categories of the rows; a text is a category."""
    return tuple(
        each.model_copy(update={"categories": _categories(rows, each.name)})
        if each.dtype == _TEXT
        else each
        for each in features
    )


def model_input(contract: FeatureContract, rows: pd.DataFrame) -> NDArray[np.float32]:
    """Return the rows as the model's input, encoded by the code that serving uses."""
    names = [feature.name for feature in contract.features]
    columns = rows[names].to_dict("list").values()
    return contract.encode(
        [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    )


def _categories(rows: pd.DataFrame, name: str) -> tuple[str, ...]:
    return tuple(sorted(str(value) for value in rows[name].unique()))
