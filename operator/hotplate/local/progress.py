"""The lines that a run prints: one for each step, with what came of it and the seconds it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


class Step:
    """A step under way; what it found is told with `done`."""

    def __init__(self) -> None:
        self.outcome = ""
        self.reused = False

    def done(self, outcome: str, *, reused: bool = False) -> None:
        """Say what came of the step, and whether it only found what an earlier run had done."""
        self.outcome, self.reused = outcome, reused


class Steps:
    """Prints steps: with a spinner on a terminal, as plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run a step; print its name first, then its outcome and seconds."""
        step, started = Step(), time.monotonic()
        with self._under_way(name):
            try:
                yield step
            except BaseException:
                self._line("[red]✗[/red]", name, "failed", started)
                raise
        mark = "[dim]=[/dim]" if step.reused else "[green]✓[/green]"
        self._line(mark, name, step.outcome, started)

    def say(self, text: str = "") -> None:
        """Print a line that is no step."""
        self._console.print(escape(text), highlight=False, soft_wrap=True)

    @property
    def seconds(self) -> float:
        """Seconds since the first step could start."""
        return time.monotonic() - self._started

    @contextmanager
    def _under_way(self, name: str) -> Iterator[None]:
        if self._console.is_terminal:
            with self._console.status(name):
                yield
        else:
            self._console.print(f"… {name}", highlight=False)
            yield

    def _line(self, mark: str, name: str, outcome: str, started: float) -> None:
        seconds = time.monotonic() - started
        self._console.print(
            f"{mark} {name:<32} {escape(outcome)}  [dim]{seconds:.1f} s[/dim]",
            highlight=False,
            soft_wrap=True,
        )
