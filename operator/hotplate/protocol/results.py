"""The base of what Jobs return, and of the artifacts that it names."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""The hash of an artifact."""


class Result(BaseModel):
    """The base of all results."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def to_json(self) -> str:
        """Return the result as one line of JSON."""
        return self.model_dump_json(by_alias=True)
