"""deploy/aws/hotplate.yaml, read as CloudFormation reads it, and resolved for one account."""

from __future__ import annotations

import re
from typing import Any

from cfnlint.decode import cfn_yaml

from support import ROOT

TEMPLATE = ROOT / "deploy" / "aws" / "hotplate.yaml"
FILL = ROOT / "deploy" / "aws" / "fill.py"
EXAMPLE = ROOT / "examples" / "credit-scoring-aws.yaml"

Json = Any

_BUCKET = "s3://mine-444455556666-eu-west-1"
OUTPUTS = {
    "Region": "eu-west-1",
    "JobsImage": "444455556666.dkr.ecr.eu-west-1.amazonaws.com/mine/credit-scoring-jobs:0.1.0",
    "ScoringImage": "444455556666.dkr.ecr.eu-west-1.amazonaws.com/mine/credit-scoring:0.1.0",
    "RegistryPath": f"{_BUCKET}/registry/credit_scoring.db",
    "Artifacts": f"{_BUCKET}/artifacts",
    "ModelStore": f"{_BUCKET}/models",
    "StagingLocation": f"{_BUCKET}/staging",
    "CacheEndpoint": "mine-abc123.serverless.euw1.cache.amazonaws.com:6379",
    "CacheName": "mine",
    "CacheUser": "mine",
    "CacheServerless": "true",
    "RedshiftWorkgroup": "mine",
    "RedshiftDatabase": "features",
    "RedshiftRole": "arn:aws:iam::444455556666:role/mine-redshift",
}
"""Outputs of a stack that the example's lines name."""


def template() -> dict[str, Json]:
    """Return the template, its short functions in their long form."""
    loaded: dict[str, Json] = cfn_yaml.load(str(TEMPLATE))
    return loaded


class Resolved:
    """Values of the template; `values` are those of Ref, GetAtt (`Name.Attribute`), conditions."""

    def __init__(self, values: dict[str, Json]) -> None:
        self._values = values

    def __call__(self, value: Json) -> Json:
        """Return the value with every function worked out."""
        if isinstance(value, list):
            resolved = [self(each) for each in value]
            return [each for each in resolved if each is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If"):
                return self._function(name, argument)
        return {str(key): self(part) for key, part in value.items()}

    def _function(self, name: str, argument: Json) -> Json:
        if name == "Ref":
            return self._values[argument]
        if name == "Fn::GetAtt":
            return self._values[".".join(argument)]
        if name == "Fn::Sub":
            return re.sub(r"\$\{([\w:.]+)\}", self._value, argument)
        condition, yes, no = argument
        return self(yes if self._values[condition] else no)

    def _value(self, found: re.Match[str]) -> str:
        """Return a variable's value; one of IAM's policies stays as it is."""
        return str(self._values.get(found[1], found[0]))
