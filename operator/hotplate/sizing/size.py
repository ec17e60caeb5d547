"""What a manifest's views need at 1 M, 100 M and 10 B entities."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.materialization import LOCAL_ENGINE
from hotplate.api.v1alpha1.online_store import ReadFrom
from hotplate.local.embedded import embedded_valkey
from hotplate.local.errors import LocalError
from hotplate.local.manifests import read
from hotplate.sizing.calculation import EntityGroup, Layout, Sized, sizes
from hotplate.sizing.measuring import measured
from hotplate.sizing.prices import PriceTable, load_prices
from hotplate.sizing.sample import Sample, ViewRows, view_rows


@dataclass(frozen=True)
class Options:
    """The sample to measure, fixed numbers of entities by join key, replicas, and a price table."""

    sample: Sample
    fixed: Mapping[str, int]
    replicas: int = 1
    prices: Path | None = None


@dataclass(frozen=True)
class Report:
    """What was measured of which rows, and what that makes of each size at which prices."""

    rows: tuple[ViewRows, ...]
    groups: tuple[EntityGroup, ...]
    layout: Layout
    prices: PriceTable
    sizes: tuple[Sized, ...]


def size(manifest: Path, options: Options) -> Report:
    """Measure a sample of every view, and return what the whole needs.

    Raises:
        LocalError: the manifest, a file or an option is not valid.

    """
    prices = load_prices(options.prices)
    manifests = read(manifest)
    feature_store = manifests.feature_store
    with tempfile.TemporaryDirectory() as folder, embedded_valkey(Path(folder)) as store:
        rows = view_rows(feature_store, manifests.definitions, store, options.sample)
    cache = feature_store.spec.online_store.elasti_cache
    ttl = int(cache.key_ttl.total_seconds()) if cache and cache.key_ttl else None
    tables = {each.view.name: each.rows for each in rows}
    groups = measured([each.view for each in rows], tables, feature_store.spec.project, ttl)
    layout = layout_of(feature_store, groups, options)
    return Report(rows, groups, layout, prices, tuple(sizes(groups, layout, prices)))


def layout_of(
    feature_store: FeatureStore, groups: tuple[EntityGroup, ...], options: Options
) -> Layout:
    """Return how the manifest lays out and writes the cache.

    Raises:
        LocalError: a fixed number is given for a join key that no view has.

    """
    names = [group.name for group in groups]
    for name in options.fixed:
        if name not in names:
            raise LocalError(f"--entities {name}: expected one of {', '.join(names)}")
    materialization = feature_store.spec.materialization
    engine = materialization.engine
    given = engine.options or {}
    workers = given.get("write_concurrency") or given.get("max_workers") or 1
    cache = feature_store.spec.online_store.elasti_cache
    return Layout(
        fixed=options.fixed,
        replicas=options.replicas,
        reads_from_replicas=cache is not None and cache.read_from is ReadFrom.PREFER_REPLICA,
        jobs=materialization.parallelism,
        workers=1 if engine.type == LOCAL_ENGINE else int(workers),
    )
