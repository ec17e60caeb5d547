"""One Redshift database on DuckDB: tables, sessions, and types by Redshift's names."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from support.aws.dialect import SqlError

TYPE_NAMES = {
    "BOOLEAN": "bool",
    "SMALLINT": "int2",
    "INTEGER": "int4",
    "BIGINT": "int8",
    "HUGEINT": "numeric",
    "FLOAT": "float4",
    "DOUBLE": "float8",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
_ARROW = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "varchar": pa.string(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class Column:
    """A column by Redshift's name of its type."""

    name: str
    type_name: str


class Warehouse:
    """A database with the schema `public`; each session has temporary tables of its own."""

    def __init__(self) -> None:
        self._db = duckdb.connect()
        self._db.execute("CREATE SCHEMA public")
        self._lengths: dict[str, dict[str, int]] = {}

    def session(self) -> duckdb.DuckDBPyConnection:
        """Return a connection; its times are in UTC, as Redshift's."""
        session = self._db.cursor()
        session.execute("SET TimeZone = 'UTC'")
        session.execute("SET schema = 'public'")
        return session

    def create(self, table: str, rows: pa.Table) -> None:
        """Create a table with those rows; times are kept without a time zone, in UTC."""
        session = self.session()
        session.register("hotplate_rows", without_zones(rows))
        session.execute(f'CREATE OR REPLACE TABLE public."{table}" AS FROM hotplate_rows')

    def tables(self) -> set[str]:
        """Return the names of the tables there are."""
        found = self.session().execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        return {name for (name,) in found.fetchall()}

    def columns(self, schema: str, table: str) -> list[Column]:
        """Return the columns of a table; none where there is no such table."""
        found = self.session().execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
            [schema.lower(), table.lower()],
        )
        return [Column(name.lower(), type_name(kind)) for name, kind in found.fetchall()]

    def remember(self, table: str, lengths: dict[str, int]) -> None:
        """Keep the lengths of a new table's VARCHAR columns: DuckDB does not."""
        self._lengths[table.lower()] = lengths

    def load(self, session: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
        """Append rows by position, as strict about types and lengths as COPY is."""
        columns = self.columns("public", table)
        if len(columns) != rows.num_columns:
            raise SqlError(f"ERROR: Unmatched number of columns between table {table} and file")
        for column, name in zip(columns, rows.column_names, strict=True):
            self._refuse_misfit(table, column, rows[name])
        session.register("hotplate_rows", rows)
        session.execute(f"INSERT INTO public.{table} FROM hotplate_rows")
        session.unregister("hotplate_rows")

    def _refuse_misfit(self, table: str, column: Column, values: pa.ChunkedArray) -> None:
        expected = _ARROW[column.type_name]
        if values.type != expected:
            raise SqlError(
                "ERROR: Spectrum Scan Error: file has an incompatible Parquet schema for column "
                f"{column.name}. Column type: {column.type_name}, Parquet: {values.type}"
            )
        limit = self._lengths.get(table.lower(), {}).get(column.name)
        longest = max((len(str(v).encode()) for v in values.unique().to_pylist()), default=0)
        if limit is not None and longest > limit:
            raise SqlError(
                f"ERROR: Spectrum Scan Error: The length of the data column {column.name} is "
                f"longer than the length defined in the table. Table: {limit}, Data: {longest}"
            )


def type_name(kind: str) -> str:
    """Return Redshift's name of a DuckDB type."""
    return TYPE_NAMES.get(kind, "numeric" if kind.startswith("DECIMAL") else kind.lower())


def without_zones(rows: pa.Table) -> pa.Table:
    """Return the rows with their times in UTC, no time zone said: UNLOAD does not say one."""
    kinds = [
        pa.timestamp("us") if pa.types.is_timestamp(field.type) else field.type
        for field in rows.schema
    ]
    names = [name.lower() for name in rows.column_names]
    return rows.cast(pa.schema(zip(rows.column_names, kinds, strict=True))).rename_columns(names)
