from hotplate.controller.observe.unused_kinds import Absent
from support.api.resources import feature_store, model_deployment

KINDS = frozenset({"Service", "StatefulSet"})


def test_what_is_not_there_is_known_until_the_resource_asks_for_something_else() -> None:
    absent = Absent()
    store = feature_store()
    absent.note(store, KINDS)
    metadata = store.metadata

    changed = metadata.model_copy(update={"generation": (metadata.generation or 0) + 1})
    anew = metadata.model_copy(update={"uid": "another one of that name"})

    assert absent.of(store) == KINDS
    assert absent.of(store.model_copy(update={"metadata": changed})) == frozenset()
    assert absent.of(store.model_copy(update={"metadata": anew})) == frozenset()
    assert absent.of(model_deployment()) == frozenset()


def test_of_a_resource_that_is_gone_nothing_is_known() -> None:
    absent = Absent()
    absent.note(feature_store(), KINDS)

    absent.forget(("FeatureStore", "ml", "credit-scoring"))

    assert absent.of(feature_store()) == frozenset()
    assert absent._known == {}
