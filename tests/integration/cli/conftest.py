"""A namespace of its own for each test."""

from support.kubernetes.fixtures import ns

__all__ = ["ns"]
