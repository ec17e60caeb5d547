"""Small Feast repositories under Feast and under Hotplate: what differs, case by surface.

    PYTHONPATH=tests python -m equality.equality [--show] [CASE...]

Exits with 1 when anything differs that is not declared, or is known and not mended.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from equality.answer import Answer
from equality.by_feast import feast_answers
from equality.by_hotplate import Served, hotplate_answers
from equality.case import HTTP, SURFACES, Case
from equality.corpus import CASES
from equality.differences import known
from equality.judge import Finding, Kind, finding
from equality.over_http import bento, http_answer, is_asked
from support.feast.user_process import user_process
from support.valkey.server import valkey_server


@dataclass(frozen=True)
class Answers:
    """What both sides say of a case by surface, and what a scoring process needs to serve it."""

    case: Case
    feast: dict[str, Answer]
    hotplate: dict[str, Answer]
    served: Served | None


def compared(cases: Sequence[Case], folder: Path) -> Iterator[list[Finding]]:
    """Yield the findings of each case, under one server, then those over HTTP."""
    with valkey_server(save="") as server:
        url = f"redis://127.0.0.1:{server.port}"
        asked = []
        for number, case in enumerate(cases):
            answers = _answers(case, number, folder, server.port)
            if answers.served is not None and is_asked(answers.served):
                asked.append(answers)
            yield _findings(answers)
        for answers in _over_http(asked, url, folder):
            yield _findings(answers)


def _answers(case: Case, number: int, folder: Path, port: int) -> Answers:
    project = case.project or f"case{number:03d}"
    feast_folder, folder = (_repository(case, folder / project / side) for side in ("f", "h"))
    with user_process():
        feast = feast_answers(case, project, feast_folder, port)
    hotplate, served = hotplate_answers(case, project, folder, f"redis://127.0.0.1:{port}")
    return Answers(case, feast, hotplate, served)


def _over_http(asked: Sequence[Answers], url: str, folder: Path) -> Iterator[Answers]:
    served = [each.served for each in asked if each.served is not None]
    with bento(served, url, folder) as place, httpx.Client(base_url=place, timeout=30) as client:
        for each in asked:
            assert each.served is not None
            said = http_answer(each.served, each.feast, client)
            yield replace(each, hotplate={HTTP: said})


def _findings(answers: Answers) -> list[Finding]:
    said = answers.hotplate
    surfaces = [surface for surface in SURFACES if surface in said]
    return [finding(answers.case, each, answers.feast, said[each]) for each in surfaces]


def _repository(case: Case, folder: Path) -> Path:
    repository = folder / "repo"
    (repository / "data").mkdir(parents=True)
    (repository / "definitions.py").write_text(case.definitions)
    return repository


def quiet() -> None:
    """Feast warns of what a case is about."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    os.environ["FEAST_USAGE"] = "False"


def report(findings: Sequence[Finding], seconds: float) -> Iterator[str]:
    """Yield the table, what differs, and the counts."""
    cases = list(dict.fromkeys(each.case for each in findings))
    width = max(map(len, cases))
    said = {(each.case, each.surface): each for each in findings}
    columns = [max(len(surface), 6) for surface in SURFACES]
    heads = zip(SURFACES, columns, strict=True)
    yield f"{'':{width}}  " + "  ".join(f"{surface:{size}}" for surface, size in heads)
    for case in cases:
        kinds = [said.get((case, surface)) for surface in SURFACES]
        cells = (f"{_cell(kind):{size}}" for kind, size in zip(kinds, columns, strict=True))
        yield f"{case:{width}}  " + "  ".join(cells)
    for each in findings:
        if each.kind in (Kind.DIFFERS, Kind.KNOWN):
            yield f"{each.kind} {each.case} {each.surface}: {each.said}"
    meant = sorted({(each.said, each.case) for each in findings if each.kind == Kind.DELIBERATE})
    for name in dict.fromkeys(name for name, _ in meant):
        yield f"deliberate: {name}: {', '.join(case for other, case in meant if other == name)}"
    still = {each.case for each in findings if each.kind == Kind.KNOWN}
    for case in cases:
        if known(case) and case not in still:
            yield f"mended: {case}: remove it from the known faults"
    yield counts(findings, len(cases), seconds)


_CELLS = {Kind.BOTH_REFUSE: "equal*", Kind.DELIBERATE: "delib."}


def _cell(found: Finding | None) -> str:
    return "-" if found is None else _CELLS.get(found.kind, str(found.kind))


def counts(findings: Sequence[Finding], cases: int, seconds: float) -> str:
    kinds = Counter(each.kind for each in findings)
    rows, values = sum(f.rows for f in findings), sum(f.values for f in findings)
    said = ", ".join(f"{kinds[kind]} {kind}" for kind in Kind)
    return (
        f"{cases} cases, {rows:,} rows, {values:,} values: {said} (* both refuse); {seconds:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="names or their beginnings; by default all")
    arguments = parser.parse_args()
    quiet()
    chosen = [
        case
        for case in CASES
        if not arguments.cases or case.name.startswith(tuple(arguments.cases))
    ]
    started = time.monotonic()
    findings = []
    with tempfile.TemporaryDirectory() as folder:
        for found in compared(chosen, Path(folder)):
            findings += found
            if sys.stderr.isatty():
                print(found[0].case, end="\r", file=sys.stderr)
    for line in report(findings, time.monotonic() - started):
        print(line)
    wrong = [each for each in findings if each.kind in (Kind.DIFFERS, Kind.KNOWN)]
    sys.exit(bool(wrong) or not findings)


if __name__ == "__main__":
    main()
