"""Which ElastiCache user logs in with IAM, and to which cache."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class IamIdentity(BaseModel):
    """An ElastiCache user with IAM authentication, and the cache that it connects to."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    user_id: str
    cache_name: str
    region: str
    serverless: bool = False
