"""The example request of a bento, out of its own OpenAPI description, and its answer."""

from __future__ import annotations

import json
import shlex
from typing import Any

from hotplate.local.progress import Steps
from hotplate.local.serving.bento import get_json, post_json

WARM_REQUESTS = 3


def show_example(url: str, steps: Steps) -> None:
    """Print where the bento is, a curl line with its example request, and that one's answer."""
    found = example_request(get_json(f"{url}/docs.json"))
    answer = _answer(url, *found, steps) if found else None
    steps.say()
    steps.say(f"Ready after {steps.seconds:.1f} s at {url} (the form), {url}/docs (the API)")
    if found is not None:
        path, body = found
        steps.say()
        steps.say(curl(url + path, body))
        steps.say(json.dumps(answer, indent=2))
    steps.say()
    steps.say("Ctrl-C ends it.")


def _answer(url: str, path: str, body: Any, steps: Steps) -> Any:
    with steps.step("first request") as step:
        for _ in range(WARM_REQUESTS):
            answer = post_json(url + path, body)
        decided = answer.get("decision") if isinstance(answer, dict) else None
        step.done(f"POST {path}" + (f": {decided}" if decided else ""))
    return answer


def curl(url: str, body: Any) -> str:
    """The request as a line for a shell."""
    data = shlex.quote(json.dumps(body))
    return f"curl -s {url} -H 'Content-Type: application/json' \\\n  -d {data}"


def example_request(openapi: dict[str, Any]) -> tuple[str, Any] | None:
    """The path and body of a POST whose request has an example, /score before others, or None."""
    schemas = openapi.get("components", {}).get("schemas", {})
    paths = sorted(openapi.get("paths", {}).items(), key=lambda item: item[0] != "/score")
    for path, methods in paths:
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        example = _example(content.get("application/json", {}), schemas)
        if example is not None:
            return path, example
    return None


def _example(content: dict[str, Any], schemas: dict[str, Any]) -> Any | None:
    schema = content.get("schema", {})
    schema = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    examples = schema.get("examples") or [schema.get("example")]
    return content.get("example", examples[0])
