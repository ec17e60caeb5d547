"""The folders of the code are rooms: few modules, and a docstring on what belongs there."""

import ast
import re
from pathlib import Path

import pytest

from support import ROOT

MOST_MODULES = 15
CODE = ROOT / "operator" / "hotplate"
PACKAGES = sorted(file.parent for file in CODE.rglob("__init__.py"))


def shown(folder: Path) -> str:
    return str(folder.relative_to(CODE))


def test_the_packages_are_found() -> None:
    assert len(PACKAGES) > 30


@pytest.mark.parametrize("package", PACKAGES, ids=shown)
def test_a_folder_has_few_modules(package: Path) -> None:
    modules = [file.name for file in package.glob("*.py") if file.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES, "two subjects: give each a folder of its own"


@pytest.mark.parametrize("package", PACKAGES, ids=shown)
def test_a_folder_says_in_prose_what_belongs_there(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    assert docstring.endswith((".", ":", "`")), "expected sentences"
    assert not re.search(r"^\s*[\w, ]+ {2,}\w", docstring, re.MULTILINE), "a list of modules rots"
