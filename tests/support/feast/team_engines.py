"""A Feast compute engine as a team would bring one: Feast's own local one under another name."""

from feast.infra.compute_engines.local.compute import LocalComputeEngine, LocalComputeEngineConfig


class TeamEngineConfig(LocalComputeEngineConfig):
    type: str = "support.feast.team_engines.TeamEngine"


class TeamEngine(LocalComputeEngine):
    """Feast's local engine."""
