"""IAM tokens are those that AWS's own signer makes, never stale, and never without need."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import pytest
from botocore.credentials import Credentials
from botocore.hooks import HierarchicalEmitter
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from hotplate.online.connection.iam import (
    MARGIN_SECONDS,
    RENEWAL_SECONDS,
    IamToken,
    connect_url,
)
from hotplate.online.errors import CredentialsError
from hotplate.protocol.iam import IamIdentity
from support.valkey.iam_users import KEY_ID, SECRET_KEY, IamUsers

IDENTITY = IamIdentity(user_id="scorer", cache_name="Features", region="us-east-1")
SERVERLESS = IDENTITY.model_copy(update={"serverless": True})
NOW = 1_800_000_000.0


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def aws_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def as_aws_signs(identity: IamIdentity, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the token that AWS's guide makes, with its signer."""
    dated = datetime.fromtimestamp(NOW - MARGIN_SECONDS, UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: dated)
    emitter = HierarchicalEmitter()
    signer = RequestSigner(
        ServiceId("elasticache"),
        identity.region,
        "elasticache",
        "v4",
        Credentials(KEY_ID, SECRET_KEY),
        emitter,
    )
    url = connect_url(identity)
    request = {"method": "GET", "url": url, "body": {}, "headers": {}, "context": {}}
    signed: str = signer.generate_presigned_url(
        request, operation_name="connect", expires_in=900, region_name=identity.region
    )
    return signed.removeprefix("https://")


@pytest.mark.parametrize("identity", [IDENTITY, SERVERLESS])
def test_a_token_is_the_one_that_aws_s_guide_makes(
    identity: IamIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = IamToken(identity, Clock()).login()

    assert login.password == as_aws_signs(identity, monkeypatch)
    assert login.command == ("AUTH", "scorer", login.password)
    assert login.password.startswith("features/?Action=connect&User=scorer")
    query = parse_qs(urlsplit(login.password).query)
    assert query["X-Amz-Expires"] == ["900"]
    assert query.get("ResourceType") == (["ServerlessCache"] if identity.serverless else None)


def test_a_token_serves_for_a_while_and_is_then_made_anew() -> None:
    clock = Clock()
    tokens = IamToken(IDENTITY, clock)
    first = tokens.login()
    clock.now += MARGIN_SECONDS - 1
    assert tokens.login() == first
    clock.now += 1
    assert tokens.login() != first


@pytest.mark.parametrize("skew", [-MARGIN_SECONDS + 1, 0, MARGIN_SECONDS - 1])
def test_a_clock_that_is_five_minutes_off_is_tolerated(skew: float) -> None:
    own, service = Clock(NOW + skew), Clock()
    users = IamUsers(clock=service)
    tokens = IamToken(IDENTITY, own)
    for _ in range(40):
        assert users.problem("scorer", tokens.login().password) is None
        own.now += 30
        service.now += 30


def test_the_authenticator_refuses_what_elasticache_refuses() -> None:
    clock = Clock()
    token = IamToken(IDENTITY, clock).login().password
    serverless = IamToken(SERVERLESS, clock).login().password
    users = IamUsers(clock=clock)
    assert users.problem("scorer", token) is None
    assert users.problem("other", token) == "user"
    assert users.problem("scorer", serverless) == "resource type"
    assert users.problem("scorer", token.replace("features", "other", 1)) == "cache name"
    assert users.problem("scorer", token[:-1] + "x") == "signature"
    assert IamUsers(clock=clock, region="eu-west-1").problem("scorer", token) == "scope"
    clock.now += 601
    assert users.problem("scorer", token) == "expired"
    clock.now -= 1000
    assert users.problem("scorer", token) == "not yet valid"


def test_a_token_carries_the_session_of_a_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of/a+role==")
    clock = Clock()
    token = IamToken(IDENTITY, clock).login().password
    users = IamUsers(clock=clock, session_token="of/a+role==")
    assert users.problem("scorer", token) is None


def test_a_token_that_was_refused_is_not_used_again() -> None:
    clock = Clock()
    tokens = IamToken(IDENTITY, clock)
    first = tokens.login()
    clock.now += 2
    tokens.invalidate()
    assert tokens.login() != first


def test_a_connection_logs_in_again_long_before_twelve_hours() -> None:
    tokens = IamToken(IDENTITY, Clock())
    login = tokens.login()
    assert tokens.renewal(login, RENEWAL_SECONDS - 1) is None
    assert tokens.renewal(login, RENEWAL_SECONDS + 1) is not None
    assert RENEWAL_SECONDS <= 12 * 3600 / 2


def test_without_an_aws_identity_the_fix_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(CredentialsError, match="Pod Identity"):
        IamToken(IDENTITY).login()


def test_another_process_makes_tokens_of_its_own() -> None:
    copy = pickle.loads(pickle.dumps(IamToken(IDENTITY)))
    assert IamUsers().problem("scorer", copy.login().password) is None


def test_a_login_does_not_show_its_password() -> None:
    login = IamToken(IDENTITY, Clock()).login()
    assert login.password not in repr(login)


def test_botocore_is_loaded_for_iam_only() -> None:
    script = (
        "import sys; from hotplate.online import OnlineReader;"
        "import hotplate.serving.connection;"
        "from hotplate.online.connection.credential_source import CredentialSource as S;"
        "from hotplate.protocol.iam import IamIdentity as I;"
        "S('/password').credentials(); assert 'botocore' not in sys.modules;"
        "iam = I(user_id='u', cache_name='c', region='us-east-1');"
        "S(iam=iam).credentials(); assert 'botocore' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
