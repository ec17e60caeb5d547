"""BentoML's own environment variables, as far as Hotplate sets or reads them."""

from __future__ import annotations

HOME = "BENTOML_HOME"
"""Path of the folder with BentoML's model store."""

DO_NOT_TRACK = "BENTOML_DO_NOT_TRACK"
"""`True` keeps BentoML from reporting its use."""
