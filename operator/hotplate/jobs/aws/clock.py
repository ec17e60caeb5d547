"""The difference between this machine's clock and AWS's, asked after a signature was refused.

ElastiCache does not report its time before the login. STS does with every response, refusals too.
"""

from __future__ import annotations

import logging
import time
from email.utils import parsedate_to_datetime

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)

_QUICKLY = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1})


def clock_skew(region: str) -> float | None:
    """Return the seconds that this machine's clock is ahead, or None if STS does not answer."""
    client = botocore.session.get_session().create_client("sts", region, config=_QUICKLY)
    try:
        answer = client.get_caller_identity()
    except ClientError as error:
        answer = error.response
    except BotoCoreError as error:
        logger.info("STS does not answer: %s", error)
        return None
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return time.time() - parsedate_to_datetime(date).timestamp() if date else None
