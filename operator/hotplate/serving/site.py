"""The pages of a bento: its own at /, and the API's documentation at /docs, all self-hosted."""

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
<link rel="icon" href="static_content/favicon-light-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="static_content/swagger-ui-bundle.js"></script>
<script src="docs.js"></script>
</body>
</html>
"""
_DOCS_SCRIPT = """"use strict";

fetch("docs.json").then((response) => response.json()).then((spec) => {
  // BentoML's description and contact are about BentoML, with images from other hosts.
  delete spec.info.description;
  delete spec.info.contact;
  SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    presets: [SwaggerUIBundle.presets.apis],
  });
});
"""


def site(folder: Path) -> Starlette:
    """Return an application with `index.html` of the folder at /, its files at /page, and /docs.

    The documentation uses the Swagger UI that comes with BentoML, but not BentoML's own page, which
    loads a tag manager.
    """

    def index(_: Request) -> Response:
        return FileResponse(folder / "index.html", headers=_HEADERS)

    def docs(_: Request) -> Response:
        return HTMLResponse(_DOCS, headers=_HEADERS)

    def docs_script(_: Request) -> Response:
        return Response(_DOCS_SCRIPT, media_type="text/javascript", headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/docs", docs),
            Route("/docs.js", docs_script),
            Mount("/page", StaticFiles(directory=folder)),
        ]
    )
