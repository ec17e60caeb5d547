"""The small Feast repository with its tables, and its labels, in the tests' Redshift."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq

from hotplate.api import ModelDeployment
from support.aws.cloud import DATABASE, ROLE, STAGING, Cloud
from support.feast.small_repository import DEFINITIONS, SmallRepository, shop_model

REDSHIFT = {
    "workgroup": "features",
    "region": "us-east-1",
    "database": DATABASE,
    "s3StagingLocation": STAGING,
    "iamRole": ROLE,
}
PROVISIONED = {"workgroup": None, "clusterId": "features", "user": "hotplate"}


def in_redshift(**changed: Any) -> dict[str, Any]:
    """Return the spec of a feature store on Redshift; None leaves a field out."""
    fields = REDSHIFT | changed
    return {"offlineStore": {"redshift": {k: v for k, v in fields.items() if v is not None}}}


def move_to_redshift(repository: SmallRepository, cloud: Cloud) -> None:
    """Put the tables of the repository's files into Redshift, and let its sources name them."""
    for name in ("habits", "surroundings", "labels"):
        cloud.warehouse.create(name, pq.read_table(repository.folder / f"repo/data/{name}.parquet"))
    text = DEFINITIONS.replace("FileSource", "RedshiftSource")
    for name in ("habits", "surroundings"):
        text = text.replace(f'path="data/{name}.parquet"', f'table="{name}"')
    repository.define(text)


def labelled_by(**labels: Any) -> ModelDeployment:
    """Return the small repository's model; keywords say where its labels are."""
    return shop_model(labels={"target": "lost", "exclude": ["label_id"], **labels})
