"""Slots and redirections as the cluster specification has them."""

from __future__ import annotations

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from hotplate.online import OnlineStoreUnavailable
from hotplate.online.connection.routing import Redirection, redirection, slot_of, slot_table


@given(st.lists(st.sampled_from([b"{", b"}", b"a", b"\x00", b"xyz"]), max_size=8).map(b"".join))
def test_a_key_has_the_slot_that_redis_gives_it(key: bytes) -> None:
    assert slot_of(key) == key_slot(key)


def test_a_slot_table_names_the_primary_of_each_slot() -> None:
    reply = [[0, 1, [b"", 7001, b"id"], [b"replica", 7002, b"id"]], [3, 3, [b"b", 7003, b"id"]]]
    table = slot_table(reply, "asked")
    assert table[:5] == [("asked", 7001), ("asked", 7001), None, ("b", 7003), None]


def test_a_server_that_is_no_cluster_is_told() -> None:
    with pytest.raises(OnlineStoreUnavailable, match="cluster support disabled"):
        slot_table(hiredis.ReplyError("ERR cluster support disabled"), "asked")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (hiredis.ReplyError("MOVED 5 host:7001"), Redirection(("host", 7001), ask=False)),
        (hiredis.ReplyError("ASK 5 ::1:7001"), Redirection(("::1", 7001), ask=True)),
        (hiredis.ReplyError("MOVED 5 :7001"), Redirection(("asked", 7001), ask=False)),
        (hiredis.ReplyError("OOM command not allowed"), None),
        ([b"MOVED 5 host:7001"], None),
    ],
)
def test_a_redirection_says_where_to_go(reply: object, expected: Redirection | None) -> None:
    assert redirection(reply, "asked") == expected
