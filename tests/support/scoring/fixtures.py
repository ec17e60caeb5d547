"""The served bento, its store and its model as fixtures; a conftest imports them by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.scoring.bento import HandWrittenStore, ServedBento, make_model, settings
from support.valkey.server import valkey_server

__all__ = ["bento", "model", "store"]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A trained model with its read plan in an artifact store; `home` is its BENTOML_HOME."""
    folder = tmp_path_factory.mktemp("model")
    return {**make_model(folder), "home": folder / "home"}


@pytest.fixture(scope="session")
def store() -> Iterator[HandWrittenStore]:
    """An online store with the features of the example's applicant."""
    with valkey_server(save="") as server:
        store = HandWrittenStore(server)
        store.write_example()
        yield store


@pytest.fixture(scope="session")
def bento(
    model: dict[str, Any], store: HandWrittenStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedBento]:
    """The credit scoring bento, ready, reading that store."""
    folder = tmp_path_factory.mktemp("bento")
    with ServedBento(settings(model, store.server.port), model["home"], folder) as bento:
        yield bento.ready()
