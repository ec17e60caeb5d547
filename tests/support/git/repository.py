"""A Git repository that a server serves, and a work tree to commit in."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_AUTHOR = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
}


@dataclass(frozen=True)
class TeamRepository:
    """The bare repository `features.git` in the folder, and the team's work tree."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> TeamRepository:
        """Create it with one commit on branch main."""
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder)
        made.git("init", "--quiet", "--bare", "--initial-branch=main", "features.git")
        made.git("clone", "--quiet", "features.git", "team")
        made.git("-C", "team", "checkout", "--quiet", "-B", "main")
        made.commit({"repo/features.py": "first = 1\n"})
        return made

    @property
    def tree(self) -> Path:
        """The team's work tree."""
        return self.folder / "team"

    def commit(self, files: dict[str, str]) -> str:
        """Commit and push files; return the commit."""
        for name, text in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self.push()

    def push(self) -> str:
        """Commit and push the work tree as it is; return the commit."""
        self.git("-C", "team", "add", "--all")
        self.git("-C", "team", "commit", "--quiet", "--message", "A change")
        self.git("-C", "team", "push", "--quiet", "--force", "origin", "HEAD")
        return self.git("-C", "team", "rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        """Run Git in the folder; return its output."""
        return subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.folder,
            env=os.environ | _AUTHOR | {"GIT_CONFIG_GLOBAL": os.devnull},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
