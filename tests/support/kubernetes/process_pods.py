"""Pods as processes of this machine: what a pod's spec says is run, only not in containers.

Mount paths become folders, ConfigMaps files in them, Service names this machine's addresses. The
termination message is what the process wrote to its termination log.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Body = dict[str, Any]

_TERMINATION_LOG = "/dev/termination-log"
_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """How a container's process ended."""

    exit_code: int
    message: str
    log: str


@dataclass
class ProcessPod:
    """A pod whose containers run one after the other as processes under a folder.

    `files` are the data of the ConfigMaps by their names, `secrets` those of the Secrets;
    `addresses` replaces texts in environment variables, such as the address of a Service.
    """

    pod: Body
    folder: Path
    files: Mapping[str, Mapping[str, str]]
    addresses: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def run(self) -> Ended:
        """Run the init containers, then the main one; stop at the first that fails."""
        spec = self.pod["spec"]
        for volume in spec["volumes"]:
            self._fill(volume)
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            ended = self._run(container)
            if ended.exit_code != 0:
                break
        return ended

    def _fill(self, volume: Body) -> None:
        folder = self.folder / volume["name"]
        folder.mkdir(parents=True, exist_ok=True)
        sources = volume.get("projected", {}).get("sources", [volume])
        for source in sources:
            name = source.get("configMap", {}).get("name")
            for file, text in self.files.get(name, {}).items():
                (folder / file).write_text(text)
            secret = source.get("secret", {})
            for item in secret.get("items", ()):
                (folder / item["path"]).write_text(self.secrets[secret["name"]][item["key"]])

    def _run(self, container: Body) -> Ended:
        log = self.folder / f"{container['name']}.termination"
        log.write_text("")
        paths = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        finished = subprocess.run(
            [self._here(word, paths, log) for word in container["command"]],
            env=self._environment(container, paths, log),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        tail = finished.stderr[-2048:] if finished.returncode else ""
        return Ended(finished.returncode, log.read_text() or tail, finished.stderr)

    def _environment(self, container: Body, paths: Mapping[str, str], log: Path) -> dict[str, str]:
        own = {
            variable["name"]: self._value(variable, paths, log)
            for variable in container.get("env", ())
        }
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": programs, "HOME": str(self.folder), **own}

    def _value(self, variable: Body, paths: Mapping[str, str], log: Path) -> str:
        ref = variable.get("valueFrom", {}).get("secretKeyRef")
        if ref is not None:
            return self.secrets[ref["name"]][ref["key"]]
        return self._here(variable["value"], paths, log)

    def _here(self, text: str, paths: Mapping[str, str], log: Path) -> str:
        """Return the text with the pod's paths and addresses as they are on this machine."""
        text = text.replace(_TERMINATION_LOG, str(log))
        for name, address in self.addresses.items():
            text = text.replace(name, address)
        for path, volume in sorted(paths.items(), reverse=True):
            if text == path or text.startswith(f"{path}/"):
                return f"{self.folder / volume}{text.removeprefix(path)}"
        return text
