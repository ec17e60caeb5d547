"""Puts the credit scoring example's tables into Redshift: parquet to S3, CREATE TABLE, COPY.

    python deploy/aws/load_tables.py --bucket BUCKET --role ARN --region REGION \
        (--workgroup NAME | --cluster NAME --user USER) [--tables feature_repo/data]

It needs boto3 and pyarrow, which `hotplate[jobs]` has, and the AWS credentials of whoever created
the stack. Existing tables are recreated. Every database user may read the tables afterwards.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

TABLES = ("loans", "zipcodes", "credit_history")
ENDED = ("FINISHED", "FAILED", "ABORTED")
TYPES = {
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE PRECISION",
    pa.string(): "VARCHAR(256)",
    pa.timestamp("us"): "TIMESTAMP",
}


def main() -> None:
    """Load every table that the command line says."""
    arguments = _arguments()
    for name in TABLES:
        table = _in_utc(pq.read_table(arguments.tables / f"{name}.parquet"))
        _upload(arguments, name, table)
        for sql in statements(
            name, table.schema, f"s3://{arguments.bucket}/tables", arguments.role
        ):
            _run(arguments, sql)
        sys.stdout.write(f"{name}: {table.num_rows:,} rows\n")


def statements(name: str, schema: pa.Schema, folder: str, role: str) -> tuple[str, ...]:
    """Return the SQL that makes a table and copies its parquet file into it."""
    columns = ", ".join(f"{field.name} {TYPES[field.type]}" for field in schema)
    return (
        f"DROP TABLE IF EXISTS public.{name}",
        f"CREATE TABLE public.{name} ({columns})",
        f"COPY public.{name} FROM '{folder}/{name}.parquet' IAM_ROLE '{role}' FORMAT AS PARQUET",
        f"GRANT SELECT ON public.{name} TO PUBLIC",
    )


def _in_utc(table: pa.Table) -> pa.Table:
    """Return the table with times in UTC, their zone not said: COPY takes no other."""
    fields = [
        field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _upload(arguments: argparse.Namespace, name: str, table: pa.Table) -> None:
    file = io.BytesIO()
    pq.write_table(table, file)
    file.seek(0)
    client = boto3.client("s3", region_name=arguments.region)
    client.upload_fileobj(file, arguments.bucket, f"tables/{name}.parquet")


def _run(arguments: argparse.Namespace, sql: str) -> None:
    """Run a statement and wait until it has ended; exit with Redshift's words if it failed."""
    if arguments.workgroup:
        target = {"WorkgroupName": arguments.workgroup}
    else:
        target = {"ClusterIdentifier": arguments.cluster, "DbUser": arguments.user}
    client: Any = boto3.client("redshift-data", region_name=arguments.region)
    asked = client.execute_statement(Sql=sql, Database=arguments.database, **target)["Id"]
    while (ran := client.describe_statement(Id=asked))["Status"] not in ENDED:
        time.sleep(1)
    if ran["Status"] != "FINISHED":
        sys.exit(f"Redshift query {asked} is {ran['Status']}: {ran.get('Error')}\n{sql}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Load the credit scoring tables into Redshift.")
    parser.add_argument("--bucket", required=True, help="output Bucket of the stack")
    parser.add_argument("--role", required=True, help="output RedshiftRole of the stack")
    parser.add_argument("--database", default="features", help="default: %(default)s")
    region = "output Region of the stack; default: that of the AWS profile"
    parser.add_argument("--region", help=region)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--workgroup", help="Redshift Serverless")
    place.add_argument("--cluster", help="provisioned, with --user")
    parser.add_argument("--user", default="hotplate", help="of a cluster; default: %(default)s")
    folder = Path(__file__).parents[2] / "feature_repo" / "data"
    parser.add_argument("--tables", type=Path, default=folder, help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
