"""The pages of a bento: its own at /, and the API's documentation at /docs, from this process."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_DOCS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<link rel="stylesheet" href="static_content/swagger-ui.css">
<link rel="stylesheet" href="static_content/index.css">
<link rel="icon" href="static_content/favicon-light-32x32.png">
<style>.swagger-ui .info .description, .swagger-ui .info__contact { display: none; }</style>
</head>
<body>
<div id="swagger-ui"></div>
<script src="static_content/swagger-ui-bundle.js"></script>
<script src="static_content/swagger-ui-standalone-preset.js"></script>
<script src="static_content/swagger-initializer.js"></script>
</body>
</html>
"""


def site(folder: Path) -> Starlette:
    """Return an application with `index.html` of the folder at /, its files at /page, and /docs.

    The documentation uses the Swagger UI that BentoML carries, without BentoML's own page, which
    calls out to a tag manager.
    """

    def index(_: Request) -> Response:
        return FileResponse(folder / "index.html", headers=_HEADERS)

    def docs(_: Request) -> Response:
        return HTMLResponse(_DOCS, headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/docs", docs),
            Mount("/page", StaticFiles(directory=folder)),
        ]
    )
