"""AWS errors as a `JobError`, in AWS's own terms and with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from hotplate.jobs.aws.session import ACTION, REGION, RESOURCE, StatementFailedError, action_of
from hotplate.jobs.errors import JobError

_FEWER = "run fewer Jobs at once (spec.materialization.parallelism)"
_RENEW = "renew the credentials; those of a pod renew themselves"

_CODES: tuple[tuple[str, str, str], ...] = (
    ("ExpiredToken ExpiredTokenException RequestExpired", "AwsCredentialsExpired", _RENEW),
    (
        (
            "InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException InvalidToken"
            " SignatureDoesNotMatch UnrecognizedClientException"
        ),
        "AwsCredentialsRefused",
        "correct the credentials, or the pod's role",
    ),
    (
        "400",
        "AwsCredentialsRefused",
        "S3 gives no details for a HEAD request: renew the credentials, or set the bucket's region",
    ),
    (
        "AccessDenied AccessDeniedException UnauthorizedOperation 403",
        "AwsAccessDenied",
        "allow {action} there in the policy of the Job's role",
    ),
    (
        "503 RequestLimitExceeded SlowDown Throttling ThrottlingException TooManyRequestsException",
        "AwsThrottled",
        _FEWER,
    ),
    ("ActiveStatementsExceededException", "RedshiftBusy", _FEWER),
    (
        "301 AuthorizationHeaderMalformed IllegalLocationConstraintException PermanentRedirect",
        "AwsWrongRegion",
        "set the region to that of the bucket",
    ),
    ("NoSuchBucket", "S3BucketMissing", "create the bucket, or correct its name"),
)
"""AWS error codes, our reason, and the fix. A HEAD request is answered with a number only."""

_QUERIES: tuple[tuple[str, str], ...] = (
    (
        "not authorized to assume IAM Role",
        (
            "attach the role of spec.offlineStore.redshift.iamRole to the cluster or workgroup, and"
            " let redshift.amazonaws.com assume it"
        ),
    ),
    (
        "S3ServiceException:Access Denied",
        (
            "allow the role of spec.offlineStore.redshift.iamRole to list, read and write"
            " s3StagingLocation"
        ),
    ),
    ("Error NoSuchBucket", "create the bucket of spec.offlineStore.redshift.s3StagingLocation"),
    ("different region", "put s3StagingLocation in the region of the cluster or workgroup"),
    ("FATAL: database", "correct spec.offlineStore.redshift.database"),
    ("authentication failed", "correct spec.offlineStore.redshift.user, or secretArn's secret"),
    ("permission denied", "grant it to the database user"),
    ("does not exist", "create it, or correct the name in the definitions or in labels.query"),
    ("longer than the length", "shorten the values: Feast creates VARCHAR(256) columns"),
)
"""Text in Redshift's error, and the fix. The first match wins."""

_LONGEST = 240
"""Characters kept of AWS's message: IAM's repeats the call."""

_NOT_THERE = "Redshift endpoint doesn't exist"
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
)
_NO_ANSWER = (exceptions.ConnectionError, exceptions.HTTPClientError)


def aws_error(error: BaseException, place: str = "") -> JobError | None:
    """Return the `JobError` for the AWS error among the causes, or None.

    `place` is what was requested, such as s3://bucket/key, if the error does not name it.
    """
    for cause in _causes(error):
        if isinstance(cause, StatementFailedError):
            return _statement_failed(cause)
        if isinstance(cause, ClientError):
            return _client_error(cause, place)
        if isinstance(cause, BotoCoreError):
            return _not_called(cause)
    return None


@contextmanager
def aws_errors_at(place: str) -> Iterator[None]:
    """Turn AWS errors of the block into a `JobError` that names the place."""
    try:
        yield
    except (OSError, BotoCoreError, ClientError) as error:
        if known := aws_error(error, place):
            raise known from error
        raise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _statement_failed(failed: StatementFailedError) -> JobError:
    fix = next((fix for sign, fix in _QUERIES if sign.lower() in failed.error.lower()), None)
    return JobError(
        "RedshiftQueryFailed",
        f"Redshift query {failed.query_id} is {failed.status}: {failed.error}"
        + (f"; {fix}" if fix else ""),
    )


def _client_error(error: Any, place: str) -> JobError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    action = str(details.get(ACTION) or action_of(error.operation_name))
    about = details.get(RESOURCE) or _s3_arn(details) or place.replace("s3://", "arn:aws:s3:::")
    call = " ".join([action, *(["on", about] if about else [])])
    region = f" in {details[REGION]}" if details.get(REGION) else ""
    request = error.response.get("ResponseMetadata", {}).get("RequestId", "")
    reason, fix = _reason(code, message, action)
    return JobError(
        reason,
        f"AWS answered {call}{region} with {code}: {message[:_LONGEST] or 'no message'}; {fix}"
        + (f" (request {request})" if request else ""),
    )


def _reason(code: str, message: str, action: str) -> tuple[str, str]:
    """Return the reason and the fix."""
    for codes, reason, fix in _CODES:
        if code in codes.split():
            return reason, fix.format(action=action)
    if _NOT_THERE in message:
        return (
            "RedshiftNotFound",
            "correct clusterId or workgroup, or region, in spec.offlineStore.redshift",
        )
    return "AwsFailed", "look the code up in the service's API reference"


def _s3_arn(details: dict[str, Any]) -> str:
    """Return the ARN of the object that S3's response names."""
    parts = [str(details[name]) for name in ("BucketName", "Key") if name in details]
    return "arn:aws:s3:::" + "/".join(parts) if parts else ""


def _not_called(error: BaseException) -> JobError:
    """Return the error of a call that never reached AWS, or got no response."""
    if isinstance(error, _NO_CREDENTIALS):
        return JobError(
            "AwsCredentialsMissing",
            f"no AWS credentials: {error}; give the Jobs' service account "
            "(spec.jobs.serviceAccountName) an IAM role by EKS Pod Identity or IRSA",
        )
    if isinstance(error, _NO_ANSWER):
        return JobError(
            "AwsUnreachable", f"{error}; check the region, VPC endpoints and network policies"
        )
    return JobError("AwsFailed", f"{type(error).__name__}: {error}")
