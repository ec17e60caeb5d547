"""The statements of a Redshift script, in DuckDB's SQL."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

logging.getLogger("sqlglot").setLevel(logging.ERROR)

DEFAULT_VARCHAR = 256
"""Bytes that Redshift gives a VARCHAR without a length."""

_UNLOAD = re.compile(
    r"UNLOAD\s*\(\s*'(?P<query>(?:[^']|'')*)'\s*\)\s*TO\s*'(?P<url>[^']+)'"
    r"\s*IAM_ROLE\s*'(?P<role>[^']+)'\s*FORMAT\s+(?:AS\s+)?PARQUET\s*",
    re.IGNORECASE,
)


class SqlError(Exception):
    """What Redshift would say of the statement."""


@dataclass(frozen=True)
class Query:
    """Any statement that is neither UNLOAD nor COPY; `lengths` of VARCHAR columns it creates."""

    sql: str
    creates: str = ""
    lengths: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Unload:
    """UNLOAD ('query') TO 'url' IAM_ROLE 'role' FORMAT AS PARQUET."""

    query: str
    url: str
    role: str


@dataclass(frozen=True)
class Copy:
    """COPY table FROM 'url' IAM_ROLE 'role' FORMAT AS PARQUET."""

    table: str
    url: str
    role: str


Statement = Query | Unload | Copy


def statements(script: str, parameters: dict[str, str] | None = None) -> list[Statement]:
    """Return the script's statements; parameters replace `:name` and are strings, as in the API.

    Raises `SqlError`.
    """
    try:
        parsed = sqlglot.parse(script, read="redshift")
    except sqlglot.errors.ParseError as error:
        raise SqlError(f"ERROR: syntax error: {str(error).splitlines()[0]}") from error
    return [_statement(each, parameters or {}) for each in parsed if each is not None]


def _statement(parsed: exp.Expression, parameters: dict[str, str]) -> Statement:
    if isinstance(parsed, exp.Copy):
        return _copy(parsed)
    if isinstance(parsed, exp.Grant):
        return Query("SET TimeZone = 'UTC'")  # DuckDB has one user, who may do everything
    if isinstance(parsed, exp.Command):
        return _unload(parsed.sql(dialect="redshift"))
    for placeholder in list(parsed.find_all(exp.Placeholder)):
        if placeholder.name not in parameters:
            raise SqlError(f"ERROR: parameter :{placeholder.name} has no value")
        placeholder.replace(exp.Literal.string(parameters[placeholder.name]))
    table = parsed.find(exp.Table)
    creates = table.name if isinstance(parsed, exp.Create) and table else ""
    return Query(parsed.sql(dialect="duckdb"), creates, _lengths(parsed))


def _lengths(parsed: exp.Expression) -> dict[str, int]:
    if not isinstance(parsed, exp.Create):
        return {}
    columns = {column.name: column.kind for column in parsed.find_all(exp.ColumnDef)}
    return {
        name: int(kind.expressions[0].name) if kind.expressions else DEFAULT_VARCHAR
        for name, kind in columns.items()
        if kind is not None and kind.this is exp.DataType.Type.VARCHAR
    }


def _copy(parsed: exp.Copy) -> Copy:
    credentials = parsed.args.get("credentials")
    role = credentials.args.get("iam_role") if credentials else None
    formats = [each.sql().upper() for each in parsed.args.get("params", ())]
    if role is None or formats != ["FORMAT PARQUET"]:
        raise SqlError("ERROR: expected COPY … IAM_ROLE '…' FORMAT AS PARQUET")
    return Copy(parsed.this.name, parsed.args["files"][0].name, role.name)


def _unload(text: str) -> Unload:
    found = _UNLOAD.fullmatch(text)
    if found is None:
        raise SqlError(f'ERROR: syntax error at or near "{text.split(maxsplit=1)[0]}"')
    (query,) = sqlglot.parse(found["query"].replace("''", "'"), read="redshift")
    if query is None or query.args.get("limit"):
        raise SqlError("ERROR: Limit clause is not supported in UNLOAD")
    return Unload(query.sql(dialect="duckdb"), found["url"], found["role"])
