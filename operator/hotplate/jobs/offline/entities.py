"""The entities whose rows are wanted, told from those of a batch. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hotplate.jobs.offline.latest import Array
from hotplate.online.write.conversion import converted
from hotplate.online.write.refusals import ConversionError


@dataclass(frozen=True)
class Entities:
    """Distinct values of each join key, and the code of each entity.

    A code counts the places of an entity's join keys among the distinct values; it is negative
    where a join key is null. Without join keys there is one entity.
    """

    distinct: Mapping[str, Any]
    codes: Array

    @classmethod
    def of(
        cls, dtypes: Mapping[str, str], keys: Mapping[str, Sequence[Any]], rows: Sequence[Any]
    ) -> Entities:
        """Return the entities with these join keys, which become their declared types.

        Raises:
            ConversionError: values cannot.

        """
        columns = {name: _declared(name, keys[name], dtype) for name, dtype in dtypes.items()}
        distinct = {name: pc.unique(column.drop_null()) for name, column in columns.items()}
        return cls(distinct, _codes(distinct, columns, len(rows)))

    def codes_of(self, columns: Mapping[str, Any], rows: int) -> Array:
        """Return the code of each row with these columns of join keys, negative for no entity."""
        return _codes(self.distinct, columns, rows)

    def wanted(self, codes: Array) -> Array:
        """Return for each code whether it is that of an entity."""
        return np.isin(codes, self.codes) & (codes >= 0)


def _declared(name: str, values: Sequence[Any], dtype: str) -> Any:
    try:
        return converted(pa.array(values, from_pandas=True), dtype)
    except (ConversionError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ConversionError(f"join key {name} of the labels: {error}") from error


def _codes(distinct: Mapping[str, Any], columns: Mapping[str, Any], rows: int) -> Array:
    codes, known = np.zeros(rows, np.int64), np.ones(rows, bool)
    for name, values in distinct.items():
        column = columns[name].cast(values.type)
        places = pc.fill_null(pc.index_in(column, value_set=values), -1).to_numpy()
        known &= places >= 0
        codes = codes * (len(values) + 1) + places
    return np.where(known, codes, -1)
