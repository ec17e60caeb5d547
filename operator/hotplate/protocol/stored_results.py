"""Results that do not fit a termination message: packed, split into parts, and put together again.

The operator has no access to artifact stores. It runs a Job for each part of a stored result, and
each of these Jobs returns its part in its own termination message.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from typing import Any

from hotplate.protocol.job_results import MAX_BYTES, ResultPart, StoredResult
from hotplate.protocol.results import Result

PART_BYTES = 3000
"""Bytes of a part: base 85 makes 3,750 characters of them, which fit with what names them."""

_MAX_DOCUMENT = 64 * 1024 * 1024
"""Bytes of JSON that a result may have."""


def fits(result: Result) -> bool:
    """Whether the result fits a termination message."""
    return len(result.to_json().encode()) <= MAX_BYTES


def pack(result: Result) -> bytes:
    """Return the result as compressed JSON."""
    return zlib.compress(result.to_json().encode(), 9)


def stored(data: bytes) -> StoredResult:
    """Return what stands for the packed result."""
    return StoredResult(digest=_digest(data), parts=-(-len(data) // PART_BYTES))


def part(data: bytes, number: int) -> ResultPart:
    """Return one part of the packed result; the first is number 0."""
    text = base64.b85encode(data[number * PART_BYTES : (number + 1) * PART_BYTES]).decode()
    return ResultPart(digest=_digest(data), number=number, text=text)


def assemble(result: StoredResult, parts: Sequence[ResultPart]) -> dict[str, Any]:
    """Return the JSON document of which these are all parts, in order.

    Raises:
        ValueError: they are not the parts of this result.
    """
    try:
        data = b"".join(base64.b85decode(each.text) for each in parts)
        if _digest(data) != result.digest:
            raise ValueError(f"the parts have hash {_digest(data)}, expected {result.digest}")
        document = json.loads(zlib.decompressobj().decompress(data, _MAX_DOCUMENT))
    except zlib.error as error:
        raise ValueError(f"not a packed result: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("not a packed result: expected a JSON object")  # noqa: TRY004
    return document


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
