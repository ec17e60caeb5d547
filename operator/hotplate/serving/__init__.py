"""What a bento imports: the way from a request to a decision within milliseconds.

errors         what keeps a scoring process from starting
settings       the serving settings, one JSON file
decision       what is asked and what is answered
policy         what is decided when features are missing or stale, pure functions
features       the feature client: one round trip within the feature deadline
model          the model out of BentoML's model store, checked against the read plan
metrics        what Prometheus learns
sinks          where decision log lines go
decision_log   JSON lines, sampled, off the event loop
scorer         request, features, verdict, model, decision
quiet          refused requests are one line in the log
service        the base class and the configuration of a bento's service
site           the bento's page and the API's documentation
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
