"""The example request of a bento is found in its own description."""

import shlex

from hotplate.local.serving.example import curl, example_request


def test_the_example_is_found_in_the_openapi_description() -> None:
    openapi = {
        "paths": {
            "/readyz": {"get": {}},
            "/score": {
                "post": {
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/x/Loan"}}}
                    }
                }
            },
        },
        "components": {"schemas": {"Loan": {"examples": [{"amount": 1}]}}},
    }

    assert example_request(openapi) == ("/score", {"amount": 1})
    assert example_request({}) is None


def test_the_curl_line_is_what_a_shell_understands() -> None:
    words = shlex.split(curl("http://127.0.0.1:3000/score", {"name": "O'Hara"}))

    assert words[-2:] == ["-d", '{"name": "O\'Hara"}']
