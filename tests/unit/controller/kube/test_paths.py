import pytest

from hotplate.controller.kube.paths import path_of, plural, resource_of


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Job", "jobs"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("HTTPRoute", "httproutes"),
        ("FeatureStore", "featurestores"),
    ],
)
def test_a_kind_has_the_plural_that_kubernetes_gives_it(kind: str, expected: str) -> None:
    assert plural(kind) == expected


def test_the_path_of_an_object_has_its_group_namespace_and_name() -> None:
    assert path_of("v1", "Pod", "ml", "a") == "/api/v1/namespaces/ml/pods/a"
    assert path_of("batch/v1", "Job", "ml") == "/apis/batch/v1/namespaces/ml/jobs"
    assert path_of("batch/v1", "Job", None) == "/apis/batch/v1/jobs"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/namespaces/ml/pods/a", "pods"),
        ("/apis/batch/v1/jobs", "jobs"),
        (
            "/apis/hotplate.dev/v1alpha1/namespaces/ml/featurestores/a/status",
            "featurestores/status",
        ),
    ],
)
def test_a_request_is_counted_by_the_plural_and_the_subresource(path: str, expected: str) -> None:
    assert resource_of(path) == expected
