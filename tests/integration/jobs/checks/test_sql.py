"""A preflight of a registry in PostgreSQL: what is wrong is said with the fix; nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, inspect, make_url, text

from hotplate import jobs
from hotplate.jobs.tasks.preflight import checks
from hotplate.protocol.job_results import Check, Verdict
from support.feast.small_repository import SmallRepository

IN_SQL = {"sql": {"secretRef": {"name": "registry", "key": "url"}}}
PASSWORD = "planted-p,a=s/w"
Checked = Callable[..., Check]


@pytest.fixture
def admin(in_sql: str) -> Iterator[Engine]:
    """An engine that may everything, and a user without any right."""
    engine = create_engine(
        make_url(in_sql).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE USER narrow PASSWORD '{PASSWORD}'"))
    yield engine
    with engine.connect() as connection:
        connection.execute(text("DROP OWNED BY narrow; DROP USER narrow"))
    engine.dispose()


@pytest.fixture
def checked(
    repository: SmallRepository, in_sql: str, admin: Engine, monkeypatch: pytest.MonkeyPatch
) -> Checked:
    """Check the registry with parts of its URL changed; the password is in no message."""

    def check(**changed: object) -> Check:
        url = make_url(in_sql).set(**changed)  # type: ignore[arg-type]
        monkeypatch.setenv("HOTPLATE_REGISTRY_URL", url.render_as_string(hide_password=False))
        (found,) = checks(repository.workspace(registry=IN_SQL))
        assert PASSWORD not in found.message
        assert str(url.password) not in found.message
        assert found.condition == "RegistryReachable"
        return found

    return check


def as_narrow(admin: Engine, *statements: str) -> dict[str, str]:
    """Return the login of the user, after the statements."""
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return {"username": "narrow", "password": PASSWORD}


def test_a_database_that_is_as_it_should_be_passes_and_nothing_is_left(
    checked: Checked, admin: Engine, repository: SmallRepository
) -> None:
    assert checked().verdict is Verdict.PASSED
    assert inspect(admin).get_table_names() == []
    jobs.apply(repository.workspace(registry=IN_SQL))
    assert "its tables can be written" in checked().message
    assert len(jobs.preflight(repository.workspace(registry=IN_SQL)).checks) == 1


@pytest.mark.parametrize(
    ("changed", "reason", "fix"),
    [
        ({"port": 9}, "RegistryUnreachable", "security group"),
        ({"host": "registry.invalid"}, "RegistryUnreachable", "host and port"),
        ({"password": "planted-other"}, "RegistryRefused", "registry.sql.secretRef"),
        ({"username": "nobody"}, "RegistryRefused", "registry.sql.secretRef"),
        ({"database": "nowhere"}, "RegistryDatabaseMissing", "create the database"),
        ({"drivername": "nosuch"}, "RegistryUrlInvalid", "postgresql://user:password@host"),
        (
            {"query": {"options": "-c default_transaction_read_only=on"}},
            "RegistryReadOnly",
            "writer (cluster) endpoint",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_fix(
    checked: Checked, changed: dict[str, object], reason: str, fix: str
) -> None:
    found = checked(**changed)
    assert (found.verdict, found.reason) == (Verdict.FAILED, reason)
    assert fix in found.message


def test_rights_that_are_missing_are_told(
    checked: Checked, admin: Engine, repository: SmallRepository
) -> None:
    narrow = as_narrow(admin, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    found = checked(**narrow)
    assert found.reason == "RegistryRightsTooNarrow"
    assert "CREATE ON SCHEMA public" in found.message

    as_narrow(admin, "GRANT USAGE, CREATE ON SCHEMA public TO narrow")
    assert checked(**narrow).verdict is Verdict.PASSED

    checked()
    jobs.apply(repository.workspace(registry=IN_SQL))
    found = checked(**as_narrow(admin, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO narrow"))
    assert found.reason == "RegistryRightsTooNarrow"
    assert "feature_views" in found.message
    grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO narrow"
    assert checked(**as_narrow(admin, grant)).verdict is Verdict.PASSED


def test_a_secret_that_is_no_url_is_told(
    repository: SmallRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTPLATE_REGISTRY_URL", f"host=db password={PASSWORD}")
    (found,) = checks(repository.workspace(registry=IN_SQL))
    assert found.reason == "RegistryUrlInvalid"
    assert PASSWORD not in found.message
