"""A feature service's features as a feature contract lists them, and how two lists differ."""

from __future__ import annotations

from hotplate.model.feature_contract import REQUEST, ContractFeature, FeatureContract
from hotplate.protocol.read_plan import ReadPlan

_SHORT = 16


def short_hash(service_hash: str) -> str:
    """Return the digits of a feature service's hash that results and status carry."""
    return service_hash.removeprefix("sha256:")[:_SHORT]


def served_features(service: ReadPlan) -> tuple[ContractFeature, ...]:
    """Return the features of the one feature service in the read plan, in order."""
    types = {
        (view.name, feature.name): feature.dtype
        for view in service.views
        for feature in view.features
    } | {
        (view.name, feature.name): feature.dtype
        for view in service.on_demand_views
        for feature in view.outputs
    }
    return tuple(
        ContractFeature(name=each.name, source=each.view, dtype=types[each.view, each.name])
        for each in service.feature_services[0].features
    )


def differences(contract: FeatureContract, service: ReadPlan) -> str:
    """Return what is served otherwise than the model was trained on."""
    trained = {each.name: each for each in contract.features if each.source != REQUEST}
    served = {each.name: each for each in served_features(service)}
    gone = [_shown(each) for name, each in trained.items() if name not in served]
    new = [_shown(each) for name, each in served.items() if name not in trained]
    changed = [
        f"{_shown(each)} was {_shown(trained[name])}"
        for name, each in served.items()
        if name in trained and _shown(each) != _shown(trained[name])
    ]
    parts = [
        f"{what}: {', '.join(names)}"
        for what, names in (("no longer served", gone), ("new", new), ("changed", changed))
        if names
    ]
    return "; ".join(parts) or "a ttl, a join key, the order or an on-demand function changed"


def _shown(feature: ContractFeature) -> str:
    return f"{feature.source}:{feature.name} ({feature.dtype})"
