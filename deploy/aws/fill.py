"""Fills a manifest with the outputs of a CloudFormation stack; needs Python alone.

    aws cloudformation describe-stacks --stack-name hotplate \
        | python deploy/aws/fill.py examples/credit-scoring-aws.yaml > credit-scoring.yaml

A line that ends with `# <- NAME` gets the value of the stack's output NAME.
"""

import json
import re
import sys
from collections.abc import Mapping

LINE = re.compile(r"(?P<field>\s*[\w]+: )(?P<value>.*?)  # <- (?P<output>\w+)")


def filled(manifest: str, outputs: Mapping[str, str]) -> str:
    """Return the manifest with the outputs' values; raise `KeyError` for one that is missing."""

    def line(text: str) -> str:
        found = LINE.fullmatch(text)
        return text if found is None else found["field"] + outputs[found["output"]]

    return "\n".join(map(line, manifest.split("\n")))


def main() -> None:
    """Read the stack from standard input, and print the manifest that the argument names."""
    if len(sys.argv) != 2:
        sys.exit("usage: aws cloudformation describe-stacks --stack-name NAME | fill.py MANIFEST")
    stack = json.load(sys.stdin)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        manifest = file.read()
    try:
        sys.stdout.write(filled(manifest, outputs))
    except KeyError as error:
        sys.exit(f"the stack has no output {error}: {stack.get('StackStatus', 'no status')}")


if __name__ == "__main__":
    main()
