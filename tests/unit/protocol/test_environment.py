"""Each environment variable of a pod is written once, where both who sets and who reads it look."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import hotplate

PACKAGE = Path(hotplate.__file__).parent
NAME = re.compile(r"\b(?:HOTPLATE|BENTOML)_[A-Z_]+")

OF_ONE_PROCESS = {"controller/settings.py", "local/state.py"}
"""Modules with variables that no pod of a Job and no scoring pod has: each says it alone."""


def texts(module: ast.Module) -> Iterator[ast.Constant]:
    """Yield the module's strings, without those that stand alone: docstrings."""
    prose = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


def found() -> list[tuple[str, str]]:
    """Return each name of a variable in a string, with its module."""
    modules = [(path.relative_to(PACKAGE).as_posix(), path) for path in PACKAGE.rglob("*.py")]
    return [
        (name, module)
        for module, path in modules
        for text in texts(ast.parse(path.read_text()))
        for name in NAME.findall(str(text.value))
    ]


def test_variables_of_pods_are_named_in_the_protocol_alone() -> None:
    elsewhere = [
        f"{module}: {name}"
        for name, module in found()
        if not module.startswith("protocol/") and module not in OF_ONE_PROCESS
    ]
    assert elsewhere == []


def test_no_variable_is_named_twice() -> None:
    names = [name for name, _ in found()]
    assert sorted(names) == sorted(set(names))
    assert {"HOTPLATE_MANIFEST", "HOTPLATE_SERVING", "BENTOML_HOME"} <= set(names)
