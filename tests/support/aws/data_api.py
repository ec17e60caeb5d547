"""The Redshift Data API: AWS's JSON 1.1 protocol, checked against botocore's service model."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Event
from typing import Any

import botocore.session
import duckdb
from botocore.validate import ParamValidator
from werkzeug.wrappers import Request, Response

from support.aws import dialect
from support.aws.access import Access, DeniedError
from support.aws.dialect import Copy, SqlError, Unload
from support.aws.endpoints import Connection, InvalidError, connection
from support.aws.transfers import Transfers
from support.aws.warehouse import Column, Warehouse, type_name

Json = dict[str, Any]

PATIENCE = 60.0
"""Seconds for which ExecuteStatement waits for the end; the true API answers at once."""

PAGE = 1000
"""Rows of a result, or columns of a table, in one answer."""

RUNNING = ("SUBMITTED", "STARTED")
_ANY = "*"


@dataclass
class Statement:
    """A statement that was submitted, and how it ended."""

    id: str
    sql: str
    connection: Connection
    created: datetime
    query_id: int
    status: str = "SUBMITTED"
    error: str = ""
    columns: list[Column] = field(default_factory=list)
    rows: list[tuple[Any, ...]] | None = None


class DataApi:
    """A WSGI application; `patience` 0 makes clients poll, and `page` 1 turn pages, as on AWS."""

    def __init__(self, access: Access, databases: dict[str, Warehouse], transfers: Transfers):
        self._access, self._databases, self._transfers = access, databases, transfers
        self._model = botocore.session.get_session().get_service_model("redshift-data")
        self.statements: dict[str, Statement] = {}
        self._pool = ThreadPoolExecutor(2)
        self.patience, self.page = PATIENCE, PAGE
        self.submitted: list[str] = []
        self._held: SimpleQueue[str] = SimpleQueue()
        self._released = Event()
        self._released.set()

    @contextmanager
    def holding(self) -> Iterator[SimpleQueue[str]]:
        """Run nothing; yield the ids of statements as they are submitted."""
        before, self.patience = self.patience, 0
        self._released.clear()
        try:
            yield self._held
        finally:
            self.patience = before
            self._released.set()

    @Request.application
    def __call__(self, request: Request) -> Response:
        """Answer one call."""
        name = request.headers.get("X-Amz-Target", "").removeprefix("RedshiftData.")
        if name not in self._model.operation_names or not hasattr(self, f"_{_snake(name)}"):
            return _refused("UnknownOperationException", f"{name} is not served here")
        operation = self._model.operation_model(name)
        asked = json.loads(request.get_data())
        if (report := ParamValidator().validate(asked, operation.input_shape)).has_errors():
            return _refused("ValidationException", report.generate_report())
        try:
            answer = getattr(self, f"_{_snake(name)}")(asked, request)
        except DeniedError as error:
            return _refused(error.code, error.message)
        except InvalidError as error:
            return _refused("ValidationException", str(error))
        except KeyError as error:
            return _refused("ResourceNotFoundException", f"Query {error} does not exist.")
        report = ParamValidator().validate(answer, operation.output_shape)
        assert not report.has_errors(), report.generate_report()
        return Response(json.dumps(answer, default=_epoch), mimetype="application/x-amz-json-1.1")

    def _execute_statement(self, asked: Json, request: Request) -> Json:
        connected = self._connected(asked, request, "ExecuteStatement")
        parameters = {each["name"]: each["value"] for each in asked.get("Parameters", ())}
        statement = Statement(
            str(uuid.uuid4()), asked["Sql"], connected, datetime.now(UTC), len(self.statements) + 1
        )
        self.statements[statement.id] = statement
        self.submitted.append(statement.sql)
        if not self._released.is_set():
            self._held.put(statement.id)
        running: Future[None] = self._pool.submit(self._run, statement, parameters)
        wait([running], self.patience)
        return {
            "Id": statement.id,
            "CreatedAt": statement.created,
            "Database": connected.database,
            **_target(connected),
        }

    def _describe_statement(self, asked: Json, request: Request) -> Json:
        self._access.check(request, [("redshift-data:DescribeStatement", _ANY)])
        statement = self.statements[asked["Id"]]
        return {
            "Id": statement.id,
            "Status": statement.status,
            "QueryString": statement.sql,
            "CreatedAt": statement.created,
            "UpdatedAt": datetime.now(UTC),
            "RedshiftQueryId": statement.query_id,
            "HasResultSet": statement.rows is not None,
            "ResultRows": len(statement.rows or ()),
            **({"Error": statement.error} if statement.error else {}),
        }

    def _get_statement_result(self, asked: Json, request: Request) -> Json:
        self._access.check(request, [("redshift-data:GetStatementResult", _ANY)])
        statement = self.statements[asked["Id"]]
        if statement.rows is None:
            raise InvalidError("Query does not have result. Please check query status.")
        rows, following = self._paged(statement.rows, asked)
        return {
            "Records": [[_field(value) for value in row] for row in rows],
            "ColumnMetadata": [_metadata(column) for column in statement.columns],
            "TotalNumRows": len(statement.rows),
            **following,
        }

    def _cancel_statement(self, asked: Json, request: Request) -> Json:
        self._access.check(request, [("redshift-data:CancelStatement", _ANY)])
        statement = self.statements[asked["Id"]]
        if statement.status not in RUNNING:
            raise InvalidError(
                f"Could not cancel a query that is already in {statement.status} state"
            )
        statement.status = "ABORTED"
        return {"Status": True}

    def _describe_table(self, asked: Json, request: Request) -> Json:
        connected = self._connected(asked, request, "DescribeTable")
        warehouse = self._databases[connected.database]
        found = warehouse.columns(asked.get("Schema", "public"), asked["Table"])
        columns, following = self._paged(found, asked)
        listed = [_metadata(each) for each in columns]
        return {"TableName": asked["Table"], "ColumnList": listed, **following}

    def _paged(self, found: Sequence[Any], asked: Json) -> tuple[Sequence[Any], Json]:
        """Return the page that is asked for, and the token of the next if there is one."""
        try:
            start = int(asked.get("NextToken", "0"))
        except ValueError as error:
            raise InvalidError("Invalid NextToken") from error
        end = start + min(self.page, asked.get("MaxResults") or self.page)
        return found[start:end], {"NextToken": str(end)} if end < len(found) else {}

    def _connected(self, asked: Json, request: Request, action: str) -> Connection:
        region = request.headers["Authorization"].split("/")[2]
        connected = connection(asked, region)
        api = (f"redshift-data:{action}", connected.endpoint.arn)
        self._access.check(request, [api, *connected.needed])
        return connected

    def _run(self, statement: Statement, parameters: dict[str, str]) -> None:
        self._released.wait()
        if statement.status not in RUNNING:
            return
        statement.status = "STARTED"
        try:
            self._run_all(statement, parameters)
        except (SqlError, duckdb.Error) as error:
            text = str(error).splitlines()[0]
            statement.error = text if text.startswith(("ERROR", "FATAL")) else f"ERROR: {text}"
            statement.status = "FAILED"
        else:
            statement.status = "FINISHED"

    def _run_all(self, statement: Statement, parameters: dict[str, str]) -> None:
        connected = statement.connection
        if connected.database not in self._databases:
            raise SqlError(f'FATAL: database "{connected.database}" does not exist')
        if connected.user not in connected.endpoint.users:
            raise SqlError(f'FATAL: password authentication failed for user "{connected.user}"')
        warehouse = self._databases[connected.database]
        session = warehouse.session()
        for each in dialect.statements(statement.sql, parameters):
            if isinstance(each, Copy):
                warehouse.load(session, each.table, self._transfers.copied(each))
            elif isinstance(each, Unload):
                self._transfers.unload(each, session.sql(each.query).to_arrow_table())
            else:
                session.execute(each.sql)
                if each.creates:
                    warehouse.remember(each.creates, each.lengths)
                elif session.description and each.sql.lstrip().upper().startswith(
                    ("SELECT", "WITH")
                ):
                    statement.columns = [
                        Column(name.lower(), type_name(str(kind)))
                        for name, kind, *_ in session.description
                    ]
                    statement.rows = session.fetchall()


def _target(connected: Connection) -> Json:
    if connected.endpoint.serverless:
        return {"WorkgroupName": connected.endpoint.name}
    return {"ClusterIdentifier": connected.endpoint.name, "DbUser": connected.user}


def _field(value: Any) -> Json:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}


def _metadata(column: Column) -> Json:
    return {"name": column.name, "label": column.name, "typeName": column.type_name, "nullable": 1}


def _refused(code: str, message: str) -> Response:
    body = json.dumps({"__type": code, "message": message})
    return Response(body, 400, mimetype="application/x-amz-json-1.1")


def _epoch(value: Any) -> float:
    assert isinstance(value, datetime)
    return value.timestamp()


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
