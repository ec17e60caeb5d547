"""Inputs that users of Feast reported, and their neighbours."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from equality.case import NOW, SERVED, TRAINING, Case, definitions, meant
from equality.tables import file, times

USERS = tuple({"user": number} for number in (1, 2, 3))

ZIPS = [None if number == 3 else 94105 + number % 7 for number in range(12_000)]
ASKED = (0, 3, 4999, 5000, 11_000)

_COPIES = [
    (user, user * 100 + copy, NOW + timedelta(seconds=copy))
    for user in range(1, 9)
    for copy in range(6)
]
_SHUFFLED = [_COPIES[at] for at in np.random.default_rng(5).permutation(len(_COPIES))]

CASES = (
    Case(
        "integers of a text feature, one null",
        definitions({"zip": "String"}),
        (file({"user": range(12_000), "zip": pa.array(ZIPS, pa.int64())}),),
        tuple({"user": number} for number in ASKED),
        expected=(
            meant(
                "integers beside nulls",
                [{"zip": ZIPS[n] and str(ZIPS[n])} for n in ASKED],
                *SERVED,
                TRAINING,
            ),
        ),
    ),
    Case(
        "copies told apart by created",
        definitions({"i": "Int64"}, source='created_timestamp_column="created"'),
        (
            file(
                {
                    "user": [row[0] for row in _SHUFFLED],
                    "i": [row[1] for row in _SHUFFLED],
                    "created": times([row[2] for row in _SHUFFLED]),
                }
            ),
        ),
        tuple({"user": number} for number in range(1, 9)),
        expected=(meant("ties", [{"i": n * 100 + 5} for n in range(1, 9)], TRAINING),),
    ),
)
