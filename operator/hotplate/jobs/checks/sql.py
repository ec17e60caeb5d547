"""Checks that Feast can keep its tables in the database of an SQL registry; nothing is left."""

from __future__ import annotations

import uuid
from typing import Any

from feast.infra.registry import sql as feast_sql
from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hotplate.jobs.checks.results import REGISTRY, failed, passed
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.repo_config import sql_registry_url
from hotplate.jobs.repository.session import message_of
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.job_results import Check

NAME = "registry in SQL"
SECONDS = 5
"""The time for connecting to PostgreSQL."""

_PROBLEMS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("password authentication failed", "no password supplied", 'role "'),
        "RegistryRefused",
        "correct user and password in the Secret of spec.registry.sql.secretRef",
    ),
    (
        ("no pg_hba.conf entry", "no encryption"),
        "RegistryRefused",
        "allow the user from the pods' subnets; with rds.force_ssl add ?sslmode=require",
    ),
    (
        ("read-only transaction",),
        "RegistryReadOnly",
        "use the writer (cluster) endpoint, not a reader endpoint or a read replica",
    ),
    (
        ("permission denied", "no schema has been selected"),
        "RegistryRightsTooNarrow",
        "GRANT CONNECT ON DATABASE, and USAGE, CREATE ON SCHEMA public, TO the user",
    ),
    (
        ('database "',),
        "RegistryDatabaseMissing",
        "create the database, or correct its name in the Secret of spec.registry.sql.secretRef",
    ),
)
"""Text in PostgreSQL's error, our reason, and the fix. The first match wins."""

_UNREACHABLE = (
    "check host and port, that the database's security group lets the pods in, and that the pods'"
    " subnets route to it"
)
_MISSING_RIGHTS = text("""
    SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE NOT (
        has_table_privilege(quote_ident(name), 'SELECT')
        AND has_table_privilege(quote_ident(name), 'INSERT')
        AND has_table_privilege(quote_ident(name), 'UPDATE')
        AND has_table_privilege(quote_ident(name), 'DELETE')
    )
""")


def sql_checks(workspace: Workspace) -> list[Check]:
    """Check the registry's database."""
    try:
        return [passed(NAME, _usable(workspace), REGISTRY)]
    except JobError as error:
        return [failed(NAME, error.reason, error.message, REGISTRY)]


def _usable(workspace: Workspace) -> str:
    given = sql_registry_url(workspace)
    try:
        url = make_url(given or "")
        is_postgresql = url.get_backend_name() == "postgresql"
        limit = {"connect_timeout": SECONDS} if is_postgresql else {}
        engine = create_engine(url, poolclass=NullPool, connect_args=limit)
    except (ArgumentError, ImportError) as error:
        raise JobError(
            "RegistryUrlInvalid",
            "the Secret of spec.registry.sql.secretRef must hold"
            f" postgresql://user:password@host/database: {type(error).__name__}",
        ) from None
    place = f"registry at {url.host or url.get_backend_name()}, database {url.database}"
    try:
        with engine.connect() as connection:
            return f"{place}: {_allowed(connection) if is_postgresql else 'answers'}"
    except SQLAlchemyError as error:
        raise _problem(place, _line(message_of(error))) from error


def _allowed(connection: Connection) -> str:
    """Do what Feast and Hotplate do, in a transaction that is rolled back."""
    if connection.scalar(text("SHOW transaction_read_only")) == "on":
        raise JobError("RegistryReadOnly", _fix("read-only transaction", "its server is read-only"))
    existing = set(inspect(connection).get_table_names())
    tables = set(feast_sql.metadata.tables)
    if tables - existing:
        _create_and_drop(connection)
    lacking = connection.scalars(_MISSING_RIGHTS, {"names": sorted(tables & existing)}).all()
    if lacking:
        raise JobError(
            "RegistryRightsTooNarrow",
            f"the user lacks rights on tables {', '.join(lacking)}: GRANT SELECT, INSERT, UPDATE,"
            " DELETE ON them TO the user, or make it their owner",
        )
    return "its tables can be written" if not tables - existing else "its tables can be created"


def _create_and_drop(connection: Any) -> None:
    table = f"hotplate_preflight_{uuid.uuid4().hex}"
    for statement in ("CREATE TABLE {} (one int)", "INSERT INTO {} VALUES (1)", "DROP TABLE {}"):
        connection.execute(text(statement.format(table)))


def _problem(place: str, message: str) -> JobError:
    for signs, reason, _ in _PROBLEMS:
        if any(sign in message for sign in signs):
            return JobError(reason, f"{place}: {_fix(message, message)}")
    return JobError("RegistryUnreachable", f"{place}: {message}: {_UNREACHABLE}")


def _line(message: str) -> str:
    """Return the message without the statement that it points to."""
    return " ".join(message.partition("\nLINE ")[0].split())


def _fix(sign: str, message: str) -> str:
    fix = next(fix for signs, _, fix in _PROBLEMS if any(each in sign for each in signs))
    return f"{message}: {fix}"
