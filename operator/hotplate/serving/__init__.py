"""What a bento imports: its base class, and the types of its requests and decisions.

A request is validated, its features are read and judged, the model is asked, and the decision is
counted and logged, within milliseconds. A store that is down or slow yields a decision too: Refer.
"""

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
