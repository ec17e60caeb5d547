"""The health that Argo CD shows, by the script that docs/operations.md gives, in a real Lua.

Argo CD runs it in Lua 5.1 with the basic and the table library alone; what is being deleted, it
does not ask the script about.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from lupa.lua51 import LuaRuntime

from support import ROOT

PAGE = ROOT / "docs" / "operations.md"
KEY = "resource.customizations.health.hotplate.dev_"
_NOT_THERE = ("io", "os", "string", "math", "debug", "package", "require", "python")


def scripts() -> dict[str, str]:
    """Return the script of each kind, as the page has it for the ConfigMap argocd-cm."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (block,) = (each for each in blocks if KEY in each)
    return {key.removeprefix(KEY): text for key, text in yaml.safe_load(block).items()}


def health(body: dict[str, Any]) -> tuple[str, str]:
    """Return the health of a resource and its message."""
    if "deletionTimestamp" in body["metadata"]:
        return "Progressing", "Pending deletion"
    lua = LuaRuntime(register_eval=False)
    for name in _NOT_THERE:
        lua.globals()[name] = None
    lua.globals().obj = lua.table_from(body, recursive=True)
    found = lua.execute(scripts()[body["kind"]])
    return found.status, found.message
