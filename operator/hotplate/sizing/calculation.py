"""Nodes, hours and dollars from bytes and rates; measures nothing and reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import ceil

from hotplate.sizing.prices import NodeType, PriceTable

RESERVED = 0.25
"""Fraction of a node's memory that `reserved-memory-percent` reserves for backups and failover."""

LOAD = 0.5
"""Fraction of a node's rated reads that is used. The rest is for the loss of a node, and
because ten fields of a hash cost a sixth more than the GET of the published figure
(`python -m benchmarks sizing`)."""

GIB = 2**30
ENTITIES = (1_000_000, 100_000_000, 10_000_000_000)
READS = (1_000, 100_000, 50_000_000)


@dataclass(frozen=True)
class EntityGroup:
    """Views that share their join keys, so that an entity is one key of the store.

    `bytes` are those of one entity with all its views; `rows_per_second` is what one writer writes.
    """

    join_keys: tuple[str, ...]
    views: tuple[str, ...]
    bytes: float
    rows_per_second: float

    @property
    def name(self) -> str:
        """The join keys as one word."""
        return ",".join(self.join_keys)


@dataclass(frozen=True)
class Layout:
    """How the cache is laid out and written; `fixed` has the sizes of groups that do not grow."""

    fixed: Mapping[str, int] = field(default_factory=dict)
    replicas: int = 1
    reads_from_replicas: bool = False
    jobs: int = 2
    workers: int = 1


@dataclass(frozen=True)
class Cache:
    """A cluster: shards, and nodes with the replicas."""

    node: NodeType
    shards: int
    nodes: int

    @property
    def usd_per_hour(self) -> float:
        """Price of all nodes."""
        return self.nodes * self.node.usd_per_hour


@dataclass(frozen=True)
class Sized:
    """A number of entities and reads, and what they need; no `cache` if no cluster is enough."""

    entities: int
    reads_per_second: int
    bytes: float
    seconds: float
    cache: Cache | None
    usd_per_million: float | None


def sizes(groups: Sequence[EntityGroup], layout: Layout, prices: PriceTable) -> Iterator[Sized]:
    """Yield each number of entities with each number of reads a second."""
    for entities, reads in product(ENTITIES, READS):
        held = data_bytes(groups, entities, layout)
        cache = cache_for(held, reads, layout, prices)
        cost = usd_per_million(cache, reads / len(groups), prices) if cache else None
        seconds = materialization_seconds(groups, entities, layout)
        yield Sized(entities, reads, held, seconds, cache, cost)


def data_bytes(groups: Sequence[EntityGroup], entities: int, layout: Layout) -> float:
    """Return the memory of all entities: of each group its fixed number, or `entities`."""
    return sum(group.bytes * layout.fixed.get(group.name, entities) for group in groups)


def cache_for(held: float, reads: float, layout: Layout, prices: PriceTable) -> Cache | None:
    """Return the cheapest cluster that holds the bytes and answers the reads, if there is one."""
    caches = [_cache(node, held, reads, layout) for node in prices.nodes]
    allowed = [cache for cache in caches if cache.nodes <= prices.max_nodes]
    return min(allowed, key=lambda cache: (cache.usd_per_hour, cache.nodes), default=None)


def _cache(node: NodeType, held: float, reads: float, layout: Layout) -> Cache:
    """Return as many shards of a node type as memory and reads need."""
    reading = 1 + layout.replicas if layout.reads_from_replicas else 1
    by_memory = held / (node.memory_gib * GIB * (1 - RESERVED))
    by_reads = reads / (node.reads_per_second * LOAD * reading)
    shards = max(1, ceil(by_memory), ceil(by_reads))
    return Cache(node, shards, shards * (1 + layout.replicas))


def materialization_seconds(groups: Sequence[EntityGroup], entities: int, layout: Layout) -> float:
    """Return how long writing every view takes, with one Job a view and so many Jobs at once.

    It is at least the time of the longest Job, and of all of them divided by the Jobs at once.
    """
    each = [
        layout.fixed.get(group.name, entities) / (group.rows_per_second * layout.workers)
        for group in groups
        for _ in group.views
    ]
    return max(*each, sum(each) / layout.jobs)


def usd_per_million(cache: Cache, decisions: float, prices: PriceTable) -> float:
    """Return the cost of a million decisions at so many a second: cache, scoring cores, cluster."""
    scoring = prices.scoring
    cores = max(1, ceil(decisions / scoring.decisions_per_second_per_core))
    hourly = cache.usd_per_hour + cores * scoring.usd_per_core_hour + scoring.usd_per_cluster_hour
    return hourly / (decisions * 3600) * 1_000_000
