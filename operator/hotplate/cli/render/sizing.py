"""What was measured of each entity, and the nodes, hours and costs of many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from hotplate.sizing.calculation import GIB, LOAD, RESERVED, EntityGroup, Layout, Sized
from hotplate.sizing.prices import PriceTable
from hotplate.sizing.sample import ViewRows


def show_groups(groups: Sequence[EntityGroup], rows: Sequence[ViewRows], console: Console) -> None:
    """Print what an entity takes, and of which rows that was measured."""
    table = Table("entity", "views", "bytes", "rows/s written", "measured on")
    for group in groups:
        own = [each for each in rows if each.view.name in group.views]
        source = "rows of its table" if own[0].of_table else "rows made by type"
        table.add_row(
            group.name,
            ", ".join(group.views),
            f"{group.bytes:,.0f}",
            f"{group.rows_per_second:,.0f}",
            f"{own[0].rows.num_rows:,} {source}",
        )
    console.print(table)


def show_sizes(
    sizes: Iterable[Sized], layout: Layout, prices: PriceTable, console: Console
) -> None:
    """Print the nodes, time and cost of each size, and what they rest on."""
    headings = (
        "entities", "reads/s", "memory", "cache nodes", "USD/h", "materialize", "USD/1 M decisions"
    )  # fmt: skip
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for size in sizes:
        counts = (_short(size.entities), _short(size.reads_per_second))
        table.add_row(*counts, _memory(size.bytes), *_cache(size))
    console.print(table)
    for name, count in layout.fixed.items():
        console.print(f"{name}: {count:,} entities in each row.")
    nodes = "all nodes" if layout.reads_from_replicas else "primaries"
    console.print(
        f"{layout.replicas} replicas a shard, reads from {nodes}; {RESERVED:.0%} of memory reserved"
        f" for backups, {LOAD:.0%} of the reads that a node is rated for. {layout.jobs} Jobs at a"
        f" time with {layout.workers} writers each, at the rate of this machine; reading the"
        " offline store takes additional time."
    )
    console.print(
        f"List prices of {prices.region}, {prices.date}: {prices.source}. Cache, scoring cores and"
        " the cluster are included; Redshift, S3, load balancers and traffic between zones are not."
    )


def _short(count: int) -> str:
    """Return a round count with its unit, as people say it."""
    for unit, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count // size} {unit}"
    return str(count)


def _memory(held: float) -> str:
    gib = held / GIB
    return f"{gib:,.1f} GiB" if gib < 1000 else f"{gib / 1024:,.1f} TiB"


def _cache(size: Sized) -> tuple[str, str, str, str]:
    took = _hours(size.seconds)
    if size.cache is None or size.usd_per_million is None:
        return ("more than a cluster", "", took, "")
    cache = size.cache
    each = cache.nodes // cache.shards
    node = cache.node.type.removeprefix("cache.")
    nodes = f"{cache.shards:,} x {each} {node}"
    return (nodes, f"{cache.usd_per_hour:,.2f}", took, f"{size.usd_per_million:,.2f}")


def _hours(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.0f} s"
