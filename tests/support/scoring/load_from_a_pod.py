"""Posts the same body again and again, at a rate, until a file appears or the time is over.

    python load_from_a_pod.py URL BODY RATE SECONDS STOP_FILE

Every request has a connection of its own, as from many clients. Prints one line of JSON: how many
requests were answered with 200, and what became of the others.
"""

import http.client
import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

WORKERS = 8
REQUEST_SECONDS = 10


def post(url: str, body: str) -> str:
    """Return the status of one request, or the error that came instead."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=REQUEST_SECONDS)
    try:
        connection.request("POST", address.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    finally:
        connection.close()
    return str(answer.status)


def main() -> None:
    """Post at the rate, whether or not earlier requests have been answered."""
    url, body, stop = sys.argv[1], sys.argv[2], Path(sys.argv[5])
    rate, seconds = float(sys.argv[3]), float(sys.argv[4])
    started = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as workers:
        asked = []
        while not stop.exists() and len(asked) < rate * seconds:
            asked.append(workers.submit(post, url, body))
            time.sleep(max(0, started + len(asked) / rate - time.monotonic()))
    counted = Counter(each.result() for each in asked)
    print(json.dumps({"answered": counted.pop("200", 0), "failed": counted}))  # noqa: T201


if __name__ == "__main__":
    main()
