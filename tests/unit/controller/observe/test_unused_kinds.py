from hotplate.controller.observe.unused_kinds import UnusedKinds
from hotplate.controller.resource_key import resource_key
from support.api.resources import feature_store, model_deployment

KINDS = frozenset({"Service", "StatefulSet"})


def test_the_unused_kinds_are_known_until_the_spec_changes() -> None:
    unused = UnusedKinds()
    store = feature_store()
    unused.remember(store, KINDS)
    metadata = store.metadata

    changed = metadata.model_copy(update={"generation": (metadata.generation or 0) + 1})
    recreated = metadata.model_copy(update={"uid": "another one of that name"})

    assert unused.of(store) == KINDS
    assert unused.of(store.model_copy(update={"metadata": changed})) == frozenset()
    assert unused.of(store.model_copy(update={"metadata": recreated})) == frozenset()
    assert unused.of(model_deployment()) == frozenset()


def test_nothing_is_remembered_of_a_resource_that_is_gone() -> None:
    unused = UnusedKinds()
    unused.remember(feature_store(), KINDS)

    unused.forget(resource_key(feature_store()))

    assert unused.of(feature_store()) == frozenset()
    assert unused._known == {}
