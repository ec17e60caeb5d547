"""The lines that a run prints: one for each step, with its outcome and the seconds it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status


class Step:
    """A step under way; its outcome is set with `done`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = time.monotonic()
        self.outcome = ""
        self.reused = False

    def done(self, outcome: str, *, reused: bool = False) -> None:
        """Set the outcome, and whether an earlier run had done the step."""
        self.outcome, self.reused = outcome, reused


class Steps:
    """Prints steps: with a spinner on a terminal, as plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._under_way: list[Step] = []
        self._spinner: Status | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run a step; print its name first, then its outcome and seconds."""
        step = self.begin(name)
        try:
            yield step
        except BaseException:
            step.done("failed")
            self.end(step, failed=True)
            raise
        self.end(step)

    def begin(self, name: str) -> Step:
        """Print that a step begins; several may be under way at one time."""
        step = Step(name)
        self._under_way.append(step)
        if not self._console.is_terminal:
            self._console.print(f"… {name}", highlight=False)
        self._spin()
        return step

    def end(self, step: Step, *, failed: bool = False) -> None:
        """Print the step's outcome and seconds."""
        self._under_way.remove(step)
        self._spin()
        mark = "[dim]=[/dim]" if step.reused else "[green]✓[/green]"
        self._line("[red]✗[/red]" if failed else mark, step)

    def say(self, text: str = "") -> None:
        """Print a line that is no step."""
        self._console.print(escape(text), highlight=False, soft_wrap=True)

    @property
    def seconds(self) -> float:
        """Seconds since the first step could start."""
        return time.monotonic() - self._started

    def close(self) -> None:
        """Stop the spinner, with whatever was under way."""
        self._under_way.clear()
        self._spin()

    def _spin(self) -> None:
        """Show the names of the steps under way, on a terminal."""
        if not self._console.is_terminal:
            return
        names = ", ".join(escape(step.name) for step in self._under_way)
        if self._spinner is not None and not names:
            self._spinner.stop()
            self._spinner = None
        elif self._spinner is not None:
            self._spinner.update(names)
        elif names:
            self._spinner = self._console.status(names)
            self._spinner.start()

    def _line(self, mark: str, step: Step) -> None:
        seconds = time.monotonic() - step.started
        self._console.print(
            f"{mark} {step.name:<32} {escape(step.outcome)}  [dim]{seconds:.1f} s[/dim]",
            highlight=False,
            soft_wrap=True,
        )
