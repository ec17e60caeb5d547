"""Which Feast projects cannot share an online store.

A key of Feast's Redis layout ends with its project's name, and Feast deletes a view's keys by that
ending: project `prod` would delete the data of `my_prod`.
"""

from __future__ import annotations


def endanger_each_other(one: str, other: str) -> bool:
    """Whether Feast would take one project's keys for the other's: one name ends with the other."""
    return one.endswith(other) or other.endswith(one)
