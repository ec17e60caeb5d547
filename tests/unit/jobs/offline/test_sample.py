"""A sample has the latest event time of each of its entities, in whatever batches rows come."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotplate.jobs.offline.sample import _AT, _smallest


@pytest.mark.parametrize("size", [1, 7, 50, 500])
@pytest.mark.parametrize("batch", [1, 13, 1000])
def test_every_sampled_entity_has_its_latest_event_time(size: int, batch: int) -> None:
    chance = np.random.default_rng(size + batch)
    users = chance.integers(0, 60, 400)
    rows = pd.DataFrame({"user": users, "shop": [str(u % 7) for u in users], _AT: range(400)})
    rows = rows.sample(frac=1, random_state=batch)
    frames = (rows.iloc[at : at + batch] for at in range(0, len(rows), batch))
    found = _smallest(frames, ["user", "shop"], size)
    latest = rows.groupby("user")[_AT].max()
    assert len(found) == min(size, len(latest))
    assert found["user"].is_unique
    assert found[_AT].tolist() == latest[found["user"]].tolist()


def test_the_sample_does_not_depend_on_the_order_of_rows() -> None:
    rows = pd.DataFrame({"user": range(1000), _AT: range(1000)})
    samples = {
        tuple(_smallest([order.iloc[:300], order.iloc[300:]], ["user"], 20)["user"])
        for order in (rows, rows[::-1], rows.sample(frac=1, random_state=1))
    }
    assert len(samples) == 1
