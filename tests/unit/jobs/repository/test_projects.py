"""Projects that Feast would confuse on one online store are told apart."""

import pytest

from hotplate.jobs.repository.projects import conflicting


@pytest.mark.parametrize(
    ("project", "others", "conflict"),
    [
        ("prod", {"my_prod"}, "my_prod"),
        ("my_prod", {"prod"}, "prod"),
        ("prod", {"prod", "prod_of_mine", "production"}, None),
        ("prod", set(), None),
    ],
)
def test_a_project_that_ends_with_another_is_found(
    project: str, others: set[str], conflict: str | None
) -> None:
    assert conflicting(project, others) == conflict
