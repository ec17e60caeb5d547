"""Feast's connection strings, with any password."""

from __future__ import annotations

import pytest

from hotplate.online.feast.connection_string import parse_connection_string


@pytest.mark.parametrize(
    "password",
    ["plain", "a,b", "a=b", "a,b=c,d", "12345", "1e5", "true", "null", '"', "", "x,"],
)
def test_a_password_is_kept_as_it_is(password: str) -> None:
    nodes, parameters = parse_connection_string(f"cache:6379,password={password},ssl=true,db=2")
    assert nodes == [{"host": "cache", "port": "6379"}]
    assert parameters == {"password": password, "ssl": True, "db": 2}


def test_a_password_in_double_quotes_may_hold_what_looks_like_a_parameter() -> None:
    _, parameters = parse_connection_string('cache:6379,password="a,ssl=true",db=1')
    assert parameters == {"password": "a,ssl=true", "db": 1}


def test_a_cluster_has_several_nodes() -> None:
    nodes, parameters = parse_connection_string("a:1,b:2,[::1]:3,skip_full_coverage_check=true")
    assert nodes == [
        {"host": "a", "port": "1"},
        {"host": "b", "port": "2"},
        {"host": "::1", "port": "3"},
    ]
    assert parameters == {"skip_full_coverage_check": True}
