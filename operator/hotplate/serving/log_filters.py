"""Filters of BentoML's log: a request that fails validation is one line, without a traceback."""

from __future__ import annotations

import logging

from pydantic import ValidationError

_BENTOML_LOGGER = "bentoml._internal.server.http_app"


class ValidationErrorFilter(logging.Filter):
    """Shortens the record of a request that failed validation; it names fields, never values."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record of a `ValidationError`; keep every record."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ValidationError):
            fields = [".".join(map(str, each["loc"])) for each in error.errors()]
            record.msg = f"{record.getMessage()}: invalid fields: {', '.join(fields)}"
            record.args, record.exc_info = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def filter_validation_errors() -> None:
    """Log requests that fail validation as one line from now on."""
    logging.getLogger(_BENTOML_LOGGER).addFilter(ValidationErrorFilter())
