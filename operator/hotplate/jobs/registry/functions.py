"""Functions that a registry holds stay closed: who can write to it runs nothing in a Job.

Feast keeps the functions of views in its registry, as text and as pickled bytes, and runs either
when it reads a view. A Job reads views with the text only, and gives the bytes back as they were.
The functions that a Job runs are those of the definitions.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from feast import FeatureView, OnDemandFeatureView
from feast.stream_feature_view import StreamFeatureView
from feast.transformation.pandas_transformation import PandasTransformation
from feast.transformation.python_transformation import PythonTransformation

_TRANSFORMATIONS = {"python": PythonTransformation, "pandas": PandasTransformation}


def keep_functions_closed() -> None:
    """Let Feast read the views of any registry in this process without their functions."""
    for view in (FeatureView, StreamFeatureView, OnDemandFeatureView):
        if not hasattr(view.from_proto, "__wrapped__"):
            view.from_proto = classmethod(_closed(view.from_proto.__func__))


def _closed(read: Any) -> Any:
    @wraps(read)
    def from_proto(cls: Any, proto: Any, skip_udf: bool = True) -> Any:  # noqa: ARG001  Feast's
        view = read(cls, proto, skip_udf=True)
        if isinstance(view, OnDemandFeatureView):
            view.feature_transformation = _text_of(proto.spec)
        return view

    return from_proto


def _text_of(spec: Any) -> Any:
    """Return the transformation of an on-demand view that Feast compares by its text; or None."""
    stored = spec.feature_transformation.user_defined_function
    kind = _TRANSFORMATIONS.get(spec.mode)
    return kind(udf=_refused, udf_string=stored.body_text) if kind and stored.body_text else None


def _refused(*_: Any) -> Any:
    raise RuntimeError("functions come from the definitions, never from the registry")


_refused.__annotations__.clear()  # Feast checks what a function says that it returns
