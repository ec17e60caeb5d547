"""The differences between Hotplate and Feast: those that are meant, and those to be mended."""

from __future__ import annotations

TYPED = "training has the declared types"
UNTRAINED = "values that cannot be served"
OF_KEYS = "join keys of another type"
ON_DEMAND = "on-demand views of one row"

DELIBERATE: dict[str, str] = {
    TYPED: "a training table holds what is served: values in the feature's type, not the file's",
    UNTRAINED: "training refuses what materialization refuses; Feast trains on the file's values",
    OF_KEYS: "training converts them as materialization does; Feast fails",
    "rows without valid features": "a training table has them, with nulls; Feast leaves "
    "out those whose feature rows are too old or of the future",
    "integers beside nulls": "Feast turns them into floats: 94105 is the text 94105.0, and digits "
    "beyond 2^53 are lost, depending on which rows travel together",
    "ties": "of rows with one event time the one created last counts, else the one that is last in "
    "the file; Feast's sort is unstable, and chooses otherwise in training than when it writes",
    "late and corrected rows": "materialization reads again what lies shortly before the watermark",
    "old rows of a view without ttl": "they are valid for ever, and are served as they are trained "
    "on; Feast reads the last 52 weeks",
    "pushed rows of the future": "refused at writing when more than five minutes ahead; in Feast "
    "such a row blocks every later one",
    "views that are refused": "a plan refuses transformations, which a materialization would not "
    "run, and a ttl that is not of whole seconds",
    "null join keys": "rows with a null join key are left out and counted; Feast fails",
    "expired rows": "scoring processes read a row older than its ttl as null, as training does",
    ON_DEMAND: "training computes them row by row, as scoring does; Feast passes whole columns",
    "on-demand views that fail": "the row is referred, and the other rows of the call are decided",
    "on-demand views in pandas mode": "scoring processes have no pandas",
    "views that are not online": "no scoring process reads them: they are never found",
    "on-demand views by full names": "equal names in two views are told apart by Feast's full "
    "names, and what is computed is served; Feast leaves it out",
    "request fields with a feature's name": "the function gets the request's value; Feast fails",
    "folders of several types": "every file is read as the feature's type, a file without the "
    "column as nulls; Feast fails",
    "values that no text is made of": "bytes and lists of a text feature are refused; Feast "
    "stores b'a', or null",
    "views without entities": "scoring processes read rows by their keys",
    "renamed views": "scoring processes read views under their own names",
    "times of several units": "a folder may mix units of event times; Feast fails",
}
"""The reason of each difference that is meant, by its name; docs/online-store.md has them too."""

KNOWN: dict[str, tuple[str, ...]] = {}
"""Cases that show a fault of Hotplate, by the fault, until it is mended."""


def known(case: str) -> str | None:
    """Return the fault that the case is known to show."""
    return next((fault for fault, cases in KNOWN.items() if case in cases), None)
