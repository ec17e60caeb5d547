"""Nodes and prices, from a dated table that a user may replace."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from hotplate.local.errors import LocalError

Positive = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class NodeType(_Part):
    """A node of the cache: its `maxmemory` in GiB, the reads a second that it answers, a price."""

    type: str
    memory_gib: Positive = Field(alias="memoryGiB")
    reads_per_second: Positive
    usd_per_hour: Positive


class Scoring(_Part):
    """What scoring pods handle and cost."""

    decisions_per_second_per_core: Positive
    usd_per_core_hour: Positive
    usd_per_cluster_hour: Annotated[float, Field(ge=0)]


class PriceTable(_Part):
    """Nodes, prices, and when and where they were looked up."""

    date: date
    region: str
    source: str
    nodes: Annotated[tuple[NodeType, ...], Field(min_length=1)]
    max_nodes: Annotated[int, Field(gt=0)]
    scoring: Scoring


def load_prices(path: Path | None = None) -> PriceTable:
    """Return the table of the file, or Hotplate's own.

    Raises:
        LocalError: the file cannot be read, or a field is not valid.

    """
    own = files("hotplate.sizing").joinpath("prices.yaml")
    try:
        text = own.read_text("utf-8") if path is None else path.read_text("utf-8")
        table: Any = yaml.safe_load(text)
        return PriceTable.model_validate(table)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LocalError(f"{path}: expected a price table in YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise LocalError(f"{path}: {field}: {first['msg']}") from error
