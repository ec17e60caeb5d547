"""Makes data/{loans,zipcodes,credit_history}.parquet from the shipped tables, fresh as of today.

    python feature_repo/credit_tables.py [--rows PERSONS] [--until DATE] [--folder FOLDER]

All event times are shifted by the same number of whole days, so that the newest loan is less than
a day old. That day, the anchor, is kept in each file's metadata; equal anchors give equal files.
The tables serve until 30 days after the anchor, unless asked otherwise, and are then made again.
Files appear whole or not at all, also when several processes make them at once.
"""

import argparse
import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from credit_history import Persons, batches

SOURCE = Path(__file__).parent / "source"
FOLDER = Path(__file__).parent / "data"
NAMES = ("loans", "zipcodes", "credit_history")
VERSION = 2
LASTS = timedelta(days=30)
BEFORE = timedelta(days=30)
"""From the first row of the credit history to the first loan."""


class TablesError(Exception):
    """Says why the tables cannot be made and what to do."""


@dataclass(frozen=True)
class Wanted:
    """The tables to make: anchor and last day (UTC), and how many persons have a history."""

    anchor: date
    until: date
    rows: int = 0

    @property
    def stamp(self) -> dict[bytes, bytes]:
        """The parquet metadata that says which tables these are."""
        stamp = {"version": VERSION, "anchor": f"{self.anchor}", "until": f"{self.until}"}
        return {b"credit_scoring": json.dumps(stamp | {"rows": self.rows}).encode()}


def make_tables(folder: Path = FOLDER, now: datetime | None = None) -> None:
    """Make the tables in `folder` unless those there are whole and still serve.

    Raises TablesError when the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    if _serve(folder, now.date()):
        return
    anchor = anchor_day(now)
    with _only_one(folder):
        if not _serve(folder, now.date()):
            write_tables(folder, Wanted(anchor, anchor + LASTS))


def anchor_day(now: datetime) -> date:
    """Return the last day (UTC) on which the newest loan, shifted there, is not in the future."""
    newest = _newest_loan()
    return (now - (newest - datetime.combine(newest, time(), UTC))).date()


def write_tables(folder: Path, wanted: Wanted) -> None:
    """Write the three tables, each under a temporary name first."""
    days = wanted.anchor - _newest_loan().date()
    loans = _shifted(pq.read_table(SOURCE / "loan_table.parquet"), days)
    _write(folder / "loans.parquet", [loans.drop_columns(["created_timestamp"])], wanted)
    zipcodes = _shifted(pq.read_table(SOURCE / "zipcode_table.parquet"), days)
    _write(folder / "zipcodes.parquet", [zipcodes], wanted)
    first = pc.min(loans["event_timestamp"]).as_py() - BEFORE
    history = batches(_persons(loans), wanted.rows, first, wanted.until)
    _write(folder / "credit_history.parquet", history, wanted)


def _newest_loan() -> datetime:
    newest: datetime = pc.max(
        pq.read_table(SOURCE / "loan_table.parquet", columns=["event_timestamp"])[0]
    ).as_py()
    return newest


def _serve(folder: Path, today: date) -> bool:
    """Tell whether all three tables are there, of one making, and of use today."""
    stamps = {_stamp(folder / f"{name}.parquet") for name in NAMES}
    stamp = json.loads(stamps.pop() or b"{}")
    if stamps or stamp.get("version") != VERSION:
        return False
    return stamp["anchor"] <= f"{today}" <= stamp["until"]


def _stamp(path: Path) -> bytes | None:
    try:
        return (pq.read_metadata(path).metadata or {}).get(b"credit_scoring")
    except (OSError, pa.ArrowInvalid):
        return None


def _shifted(table: pa.Table, days: timedelta) -> pa.Table:
    for name in ("event_timestamp", "created_timestamp"):
        shifted = pc.add(table[name], pa.scalar(days, pa.duration("us")))
        table = table.set_column(table.schema.get_field_index(name), name, shifted)
    return table.replace_schema_metadata(None)


def _persons(loans: pa.Table) -> Persons:
    """Return every person with a loan once; who took several defaulted when one of them did."""
    persons = loans.group_by("dob_ssn").aggregate([("loan_status", "max")]).sort_by("dob_ssn")
    defaulted = persons["loan_status_max"].to_numpy().astype(bool)
    return Persons(persons["dob_ssn"].to_numpy(), defaulted)


def _write(path: Path, tables: Iterable[pa.Table], wanted: Wanted) -> None:
    part = path.with_suffix(".part")
    writer = None
    for table in tables:
        writer = writer or pq.ParquetWriter(part, table.schema.with_metadata(wanted.stamp))
        writer.write_table(table.replace_schema_metadata(wanted.stamp))
    if writer:
        writer.close()
    part.replace(path)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when the process dies, however it dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        reason = f"{folder}: the credit scoring tables cannot be written: {error.strerror}"
        raise TablesError(f"{reason}; expected a folder that this user may write") from error


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the credit scoring tables.")
    persons = "persons with a credit history; beyond the loan table's they are invented"
    parser.add_argument("--rows", type=int, default=0, metavar="PERSONS", help=persons)
    until = "last day (UTC) with new rows, as 2026-12-31; default: 30 days from now"
    parser.add_argument("--until", type=date.fromisoformat, metavar="DATE", help=until)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: %(default)s")
    return parser.parse_args()


def main() -> None:
    """Make the tables as the command line asks, whether or not there are some."""
    arguments = _arguments()
    anchor = anchor_day(datetime.now(UTC))
    until = arguments.until or anchor + LASTS
    if until <= anchor:
        raise SystemExit(f"--until: {until}: expected a day after {anchor}")
    with _only_one(arguments.folder):
        write_tables(arguments.folder, Wanted(anchor, until, arguments.rows))


if __name__ == "__main__":
    main()
