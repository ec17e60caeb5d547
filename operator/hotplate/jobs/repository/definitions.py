"""A Feast repository: the Python files that define feature views, loaded or refused."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import linecache
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from hotplate.jobs.errors import JobError

_NOT_DEFINITIONS = frozenset({"__pycache__", "data", "node_modules", "venv"})


def definition_files(definitions: Path) -> tuple[Path, ...]:
    """Return the repository's Python files, sorted; hidden folders and data/ are left out.

    Raises:
        JobError: DefinitionsMissing, the folder does not exist; DefinitionsEmpty, it has no file.

    """
    if not definitions.is_dir():
        raise JobError(
            "DefinitionsMissing",
            f"{definitions} is no folder: name the folder of a Feast repository",
        )
    files = tuple(sorted(f for f in definitions.rglob("*.py") if _is_definition(f, definitions)))
    if not files:
        raise JobError(
            "DefinitionsEmpty",
            f"{definitions} has no Python file: applying it would delete every feature view; "
            "name the folder of a Feast repository",
        )
    return files


def revision(definitions: Path) -> str:
    """Return `sha256:` and a hash over the names and contents of the definition files."""
    digest = hashlib.sha256()
    for file in definition_files(definitions):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(definitions).as_posix()} {content}\n".encode())
    return "sha256:" + digest.hexdigest()


def load(definitions: Path, project: str) -> Any:
    """Return the repository's objects as Feast's RepoContents.

    Raises:
        JobError: DefinitionsMissing, DefinitionsEmpty, or DefinitionsInvalid with file and line.

    """
    definitions = definitions.resolve()
    for file in definition_files(definitions):
        _refuse_syntax_error(file, definitions)
    with _importable(definitions):
        contents = _parsed(definitions)
    if not (contents.feature_views or contents.stream_feature_views):
        raise JobError(
            "DefinitionsEmpty",
            f"{definitions} defines no feature view: applying it would delete every feature view; "
            "define one, or name another folder",
        )
    _settle_project(contents, project, definitions)
    return contents


def _is_definition(file: Path, definitions: Path) -> bool:
    folders = file.relative_to(definitions).parts[:-1]
    return file.is_file() and not any(
        name in _NOT_DEFINITIONS or name.startswith(".") for name in folders
    )


def _refuse_syntax_error(file: Path, definitions: Path) -> None:
    try:
        ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        place = f"{file.relative_to(definitions)}, line {error.lineno}"
        code = f": {error.text.strip()}" if error.text else ""
        raise JobError("DefinitionsInvalid", f"{place}: {error.msg}{code}") from error
    except ValueError as error:
        where = file.relative_to(definitions)
        raise JobError("DefinitionsInvalid", f"{where}: not Python text: {error}") from error


@contextmanager
def _importable(definitions: Path) -> Iterator[None]:
    """Let the repository's modules be imported by name, and forget them afterwards.

    Feast names modules relative to the working folder. A later load must see changed files, and a
    module of the same name that was imported from elsewhere must not stand in for the repository's.
    """
    before = Path.cwd()
    aside = _set_aside(definitions)
    sys.path.insert(0, str(definitions))
    os.chdir(definitions)
    linecache.clearcache()  # Feast reads the text of functions through it
    try:
        yield
    finally:
        os.chdir(before)
        with contextlib.suppress(ValueError):
            sys.path.remove(str(definitions))
        _forget_modules(definitions)
        sys.modules.update(aside)


def _set_aside(definitions: Path) -> dict[str, ModuleType]:
    """Remove imported modules that would hide the repository's, but no installed ones."""
    own = {
        file.relative_to(definitions).parts[0].removesuffix(".py")
        for file in definition_files(definitions)
    }
    hiding = [
        name
        for name, module in sys.modules.items()
        if name.partition(".")[0] in own and not _is_installed(module)
    ]
    return {name: sys.modules.pop(name) for name in hiding}


def _is_installed(module: ModuleType) -> bool:
    """Whether the module comes with Python or a package; built-in ones have no file."""
    file = getattr(module, "__file__", None)
    return file is None or any(Path(file).is_relative_to(p) for p in (sys.prefix, sys.base_prefix))


def _forget_modules(definitions: Path) -> None:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(definitions):
            del sys.modules[name]


def _parsed(definitions: Path) -> Any:
    parse_repo = import_module("feast.repo_operations").parse_repo  # Feast takes seconds to import
    sys.dont_write_bytecode = True
    try:
        return parse_repo(definitions)
    except (Exception, SystemExit) as error:
        where = _where(error, definitions)
        message = f"{where}: {type(error).__name__}: {error}"
        raise JobError("DefinitionsInvalid", message) from error


def _where(error: BaseException, definitions: Path) -> str:
    """Return file and line of the last step of the traceback that is in the repository."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(definitions):
            return f"{Path(frame.filename).relative_to(definitions)}, line {frame.lineno}"
    return str(definitions)


def _settle_project(contents: Any, project: str, definitions: Path) -> None:
    others = sorted({each.name for each in contents.projects} - {project})
    if others or len(contents.projects) > 1:
        raise JobError(
            "DefinitionsInvalid",
            f"{definitions} defines project {', '.join(others) or project}; the FeatureStore's "
            f"spec.project is {project}: define that project once, or none",
        )
    if not contents.projects:
        contents.projects.append(import_module("feast").Project(name=project))
