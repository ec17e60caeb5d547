"""COPY from and UNLOAD to the S3 server, as the role that the statement names."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from support.aws.dialect import Copy, SqlError, Unload
from support.aws.warehouse import without_zones


class Transfers:
    """Redshift's side of S3; `key` is the access key that it takes the attached role with."""

    def __init__(self, endpoint: str, region: str, key: tuple[str, str], role: str) -> None:
        self._endpoint, self._region = endpoint, region
        self._key, self._roles = key, frozenset({role})

    def unload(self, statement: Unload, rows: pa.Table) -> None:
        """Write the rows as one parquet file; nothing where there is no row."""
        client = self._client(statement.role)
        bucket, prefix = _place(statement.url)
        if self._list(client, bucket, prefix):
            raise SqlError(
                "ERROR: Specified unload destination on S3 is not empty. Consider using a "
                "different bucket / prefix, manually removing the target files in S3, or using "
                "the ALLOWOVERWRITE option."
            )
        if rows.num_rows:
            file = io.BytesIO()
            pq.write_table(without_zones(rows), file)
            body = file.getvalue()
            _answered(client.put_object, Bucket=bucket, Key=f"{prefix}000.parquet", Body=body)

    def copied(self, statement: Copy) -> pa.Table:
        """Return the rows of the parquet files under the statement's prefix."""
        client = self._client(statement.role)
        bucket, prefix = _place(statement.url)
        keys = self._list(client, bucket, prefix)
        if not keys:
            raise SqlError(f"ERROR: The specified S3 prefix '{prefix}' does not exist")
        bodies = [_answered(client.get_object, Bucket=bucket, Key=key)["Body"] for key in keys]
        return pa.concat_tables([pq.read_table(io.BytesIO(body.read())) for body in bodies])

    def _client(self, role: str) -> Any:
        """Return an S3 client with the role's credentials, had from STS."""
        refused = f"ERROR: User arn:aws:redshift is not authorized to assume IAM Role {role}"
        if role not in self._roles:
            raise SqlError(refused)
        session = boto3.session.Session(*self._key, region_name=self._region)
        sts = session.client("sts", endpoint_url=self._endpoint)
        try:
            taken = sts.assume_role(RoleArn=role, RoleSessionName="redshift")["Credentials"]
        except ClientError as error:
            raise SqlError(refused) from error
        return boto3.session.Session(
            taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"]
        ).client("s3", endpoint_url=self._endpoint, region_name=self._region)

    @staticmethod
    def _list(client: Any, bucket: str, prefix: str) -> list[str]:
        found = _answered(client.list_objects_v2, Bucket=bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path.removeprefix("/")


def _answered(call: Any, **parameters: Any) -> Any:
    """Return S3's answer; its error becomes the statement's, as Redshift words it."""
    try:
        return call(**parameters)
    except ClientError as error:
        said, status = error.response["Error"], error.response["ResponseMetadata"]
        raise SqlError(
            f"ERROR: S3ServiceException:{said['Message']},Status {status['HTTPStatusCode']},"
            f"Error {said['Code']},Rid {status.get('RequestId', '')}"
        ) from error
