"""moto's server for S3, STS, IAM and Secrets Manager beside the Redshift Data API server."""

from __future__ import annotations

import json
import logging
from threading import Thread
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from support.aws.access import ACCOUNT, Access
from support.aws.data_api import DataApi
from support.aws.endpoints import REGION
from support.aws.faults import Faults
from support.aws.transfers import Transfers
from support.aws.warehouse import Warehouse

logging.getLogger("werkzeug").setLevel(logging.WARNING)

BUCKET, DATABASE = "features", "features"
STAGING = f"s3://{BUCKET}/staging"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/redshift-s3"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
_ANY = {"Effect": "Allow", "Action": "sts:AssumeRole"}
_ASSUMES = {"Version": "2012-10-17", "Statement": [{**_ANY, "Resource": "*"}]}
_TRUSTS = {"Version": "2012-10-17", "Statement": [{**_ANY, "Principal": {"AWS": "*"}}]}


class Cloud:
    """An AWS account with one bucket, one cluster, one workgroup and a role for Redshift."""

    def __init__(self) -> None:
        self.faults, self.access, self.warehouse = Faults(), Access(), Warehouse()
        self._moto = _served(self.faults.before(DomainDispatcherApplication(create_backend_app)))
        self.users: dict[str, dict[str, str]] = {}
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("iam").create_role(
            RoleName=ROLE.rsplit("/", 1)[1], AssumeRolePolicyDocument=json.dumps(_TRUSTS)
        )
        key = self.user("redshift-service", _ASSUMES)
        transfers = Transfers(_url(self._moto), REGION, tuple(key.values()), ROLE)
        self.redshift = DataApi(self.access, {DATABASE: self.warehouse}, transfers)
        self._redshift = _served(self.faults.before(self.redshift))

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which AWS's clients find the servers, with credentials."""
        return {
            **KEYS,
            "AWS_ENDPOINT_URL": _url(self._moto),
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": _url(self._redshift),
        }

    def client(self, service: str) -> Any:
        """Return a client of the account's administrator."""
        session = boto3.session.Session("test", "test", region_name=REGION)
        return session.client(service, endpoint_url=_url(self._moto))

    def objects(self) -> list[str]:
        """Return the keys of the bucket's objects."""
        found = self.client("s3").list_objects_v2(Bucket=BUCKET)
        return [each["Key"] for each in found.get("Contents", ())]

    def user(self, name: str, policy: dict[str, Any]) -> dict[str, str]:
        """Make a user with that policy alone; return the environment of its credentials."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        self.grant(name, policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.users[name] = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        return self.users[name]

    def grant(self, user: str, policy: dict[str, Any]) -> None:
        """Replace the user's policy."""
        with self.access.unenforced():
            self.client("iam").put_user_policy(
                UserName=user, PolicyName="only", PolicyDocument=json.dumps(policy)
            )

    def grant_role(self, arn: str, policy: dict[str, Any]) -> None:
        """Replace the role's policy."""
        with self.access.unenforced():
            self.client("iam").put_role_policy(
                RoleName=arn.rsplit("/", 1)[1],
                PolicyName="only",
                PolicyDocument=json.dumps(policy),
            )

    def close(self) -> None:
        """End the servers."""
        for server in (self._moto, self._redshift):
            server.shutdown()


def _served(application: Any) -> BaseWSGIServer:
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def _url(server: BaseWSGIServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"
