"""What a bento imports: the way from a request to a decision within milliseconds."""

from hotplate.serving.decision import (
    Decision,
    Decisions,
    Explanation,
    Outcome,
    Rows,
    ScoringRequest,
)
from hotplate.serving.service import ScoringService, service_config
from hotplate.serving.site import site

__all__ = [
    "Decision",
    "Decisions",
    "Explanation",
    "Outcome",
    "Rows",
    "ScoringRequest",
    "ScoringService",
    "service_config",
    "site",
]
