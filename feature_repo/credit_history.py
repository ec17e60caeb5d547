"""Generates the credit history table, which the reference application publishes a sample of.

Every value here is generated; only the persons, and whether their loan defaulted, are real. Ranges
and means are those of the published sample of 1,000 persons; dues are even over their range.

The signal. Each person has a *risk*, even over 0…1 among all persons; the share that defaulted
rises with it along a logistic curve. Each feature of a person either follows that risk or
something of its own, decided once per person and feature (SIGNAL holds the odds).

No leakage from the future. Each month a feature wobbles around the person's usual level, alike in
every month and independently of the loan's time: a row after the loan says as much about the
outcome as the row before it, and no more, and the times of the rows say nothing. The values do
depend on the outcome, so figures on this table show that a model uses its features, not how well
it would predict real defaults.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

SEED = 20210825
PERIOD = 30 * 86_400
"""Seconds between a person's rows."""
DEFAULT_RATE = 0.2166
INVENTED_AT_ONCE = 50_000
WOBBLE = 0.08
STEEPNESS = 0.08
BELOW_ONE = 1 - 1e-12
SIGNAL = {
    "credit_card_due": 0.4,
    "mortgage_due": 0.1,
    "student_loan_due": 0.1,
    "vehicle_loan_due": 0.1,
    "hard_pulls": 0.35,
    "missed_payments_2y": 0.9,
    "missed_payments_1y": 0.8,
    "missed_payments_6m": 0.7,
    "bankruptcies": 0.6,
}
DUES = {
    "credit_card_due": 10_000,
    "mortgage_due": 2_000_000,
    "student_loan_due": 50_000,
    "vehicle_loan_due": 30_000,
}


@dataclass(frozen=True)
class Persons:
    """Names persons and tells which of them defaulted; arrays of one length."""

    dob_ssn: NDArray[np.object_]
    defaulted: Flags


def batches(persons: Persons, rows: int, first: datetime, until: date) -> Iterator[pa.Table]:
    """Yield the history of `persons`, then of invented ones until there are `rows` persons in all.

    Each person has a row every 30 days: the first within 30 days after `first`, the last within
    30 days before `until` ends (UTC). Other bounds add and remove rows, and change none.
    """
    end = datetime.combine(until, time(), UTC) + timedelta(days=1)
    months = range(int(first.timestamp()) // PERIOD, int(end.timestamp()) // PERIOD + 1)
    yield _between(_table(persons, 0, months), first, end)
    missing = rows - len(persons.dob_ssn)
    for batch, start in enumerate(range(0, missing, INVENTED_AT_ONCE), start=1):
        table = _table(_invented(batch, start), batch, months)
        yield _between(table.slice(0, (missing - start) * len(months)), first, end)


def _between(table: pa.Table, first: datetime, end: datetime) -> pa.Table:
    times = table["event_timestamp"]
    return table.filter(pc.and_(pc.greater_equal(times, first), pc.less(times, end)))


def _invented(batch: int, start: int) -> Persons:
    """Return persons without a loan; their month of birth is 00, so none is in the loan table."""
    numbers = range(start, start + INVENTED_AT_ONCE)
    names = [f"19{n // 10**6:02d}00{n // 10**4 % 100:02d}_{n % 10**4:04d}" for n in numbers]
    defaulted = np.random.default_rng([SEED, 1, batch]).random(INVENTED_AT_ONCE) < DEFAULT_RATE
    return Persons(np.array(names, object), defaulted)


def _table(persons: Persons, batch: int, months: range) -> pa.Table:
    """Return the rows of `persons`, person by person, one for each month since the epoch."""
    rng = np.random.default_rng([SEED, 2, batch])
    offsets = rng.integers(0, PERIOD, len(persons.dob_ssn))
    features = _features(_levels(_usual(persons.defaulted, rng), batch, months))
    seconds = offsets[:, None] + PERIOD * np.array(months)
    times = pa.array((seconds * 1_000_000).ravel(), pa.timestamp("us", "UTC"))
    columns = {name: pa.array(values.T.ravel()) for name, values in features.items()}
    names = pa.array(np.repeat(persons.dob_ssn, len(months)), pa.string())
    return pa.table(
        {"dob_ssn": names, **columns, "event_timestamp": times, "created_timestamp": times}
    )


def _usual(defaulted: Flags, rng: np.random.Generator) -> Floats:
    """Return each feature's usual level, 0…1, even over all persons, as (features, persons)."""
    risk, count = _risk(defaulted, rng), len(defaulted)
    levels = [
        np.where(rng.random(count) < odds, risk, rng.random(count)) for odds in SIGNAL.values()
    ]
    return np.array(levels)


def _levels(usual: Floats, batch: int, months: range) -> dict[str, Floats]:
    """Return each feature's level in each month as (months, persons), as even as the usual one."""
    wobbles = [
        np.random.default_rng([SEED, 3, batch, month]).uniform(-WOBBLE, WOBBLE, usual.shape)
        for month in months
    ]
    folded = np.minimum(1 - np.abs(1 - np.abs(usual + np.array(wobbles))), BELOW_ONE)
    return {name: folded[:, index] for index, name in enumerate(SIGNAL)}


def _risk(defaulted: Flags, rng: np.random.Generator) -> Floats:
    """Draw each person's risk out of those with the same outcome."""
    risks = np.linspace(0, 1, 1001)
    share = 1 / (1 + np.exp((1 - DEFAULT_RATE - risks) / STEEPNESS))
    of_defaulted, of_others = (np.cumsum(each) / each.sum() for each in (share, 1 - share))
    drawn = rng.random(len(defaulted))
    return np.where(
        defaulted, np.interp(drawn, of_defaulted, risks), np.interp(drawn, of_others, risks)
    )


def _features(levels: dict[str, Floats]) -> dict[str, Counts]:
    """Turn levels into the published ranges; a longer time's missed payments include a shorter's.

    The exponents bring the means to those of the published sample.
    """
    two_years = _whole(levels["missed_payments_2y"] ** 1.3 * 8)
    one_year = _whole(levels["missed_payments_1y"] ** 1.1 * (np.minimum(two_years, 3) + 1))
    half_year = _whole(levels["missed_payments_6m"] ** 1.1 * (np.minimum(one_year, 1) + 1))
    return {
        **{name: _whole(levels[name] * (most + 1)) for name, most in DUES.items()},
        "hard_pulls": _whole(levels["hard_pulls"] ** 1.35 * 11),
        "missed_payments_2y": two_years,
        "missed_payments_1y": one_year,
        "missed_payments_6m": half_year,
        "bankruptcies": np.digitize(levels["bankruptcies"], [0.86, 0.96]),
    }


def _whole(values: Floats) -> Counts:
    return np.floor(values).astype(np.int64)
