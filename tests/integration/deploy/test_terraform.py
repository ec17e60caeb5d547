"""The Terraform module over the template: valid, and its manifest is the one of fill.py."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.aws.cloudformation import EXAMPLE, FILL, OUTPUTS, ROOT

MIRRORS = (
    Path.home() / ".terraform.d" / "plugins",
    *(Path(share) / "terraform" / "plugins" for share in ("/usr/share", "/usr/local/share")),
    *Path("/opt").glob("*"),
)
"""Where providers may be without a network: Terraform's own places, and what is installed."""

NO_RETRIES = {"TF_REGISTRY_DISCOVERY_RETRY": "0", "TF_REGISTRY_CLIENT_TIMEOUT": "5"}
TESTS = """
mock_provider "aws" {{
  override_resource {{
    target = aws_cloudformation_stack.hotplate
    values = {{ outputs = {outputs} }}
  }}
}}
variables {{ parameters = {{ ApiAccessCidr = "192.0.2.1/32" }} }}
run "the_manifest_is_filled" {{
  assert {{
    condition     = output.manifest == file("expected.yaml")
    error_message = output.manifest
  }}
  assert {{
    condition     = aws_cloudformation_stack.hotplate.parameters["Name"] == "hotplate"
    error_message = "Name is not the variable name"
  }}
}}
run "an_address_is_needed" {{
  command = plan
  variables {{ parameters = {{}} }}
  expect_failures = [var.parameters]
}}
run "the_name_is_said_once" {{
  command = plan
  variables {{ parameters = {{ ApiAccessCidr = "192.0.2.1/32", Name = "other" }} }}
  expect_failures = [var.parameters]
}}
"""


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Terraform, or OpenTofu, in the folder."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        pytest.skip("neither Terraform nor OpenTofu is installed here")
    return subprocess.run(
        [program, *arguments, "-no-color"],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **NO_RETRIES},
    )


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A copy of the module with the AWS provider; skipped where that cannot be had."""
    for path in (ROOT / "deploy" / "aws", EXAMPLE):
        place = tmp_path / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy)(path, place)
    folder = tmp_path / "deploy" / "aws" / "terraform"
    held = [m for m in MIRRORS if (m / "registry.terraform.io/hashicorp/aws").is_dir()]
    ran = terraform(folder, "init", *(f"-plugin-dir={mirror}" for mirror in held[:1]))
    if ran.returncode:
        pytest.skip(f"no AWS provider can be had here: {ran.stderr.strip()[-200:]}")
    return folder


def test_the_module_is_valid_and_fills_the_example_as_fill_py_does(module: Path) -> None:
    ran = terraform(module, "validate")
    assert ran.returncode == 0, ran.stderr
    assert terraform(module, "fmt", "-check").returncode == 0
    listed = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
    stack = json.dumps({"Stacks": [{"Outputs": listed}]})
    filled = subprocess.run(
        [sys.executable, FILL, EXAMPLE], check=True, capture_output=True, text=True, input=stack
    )
    (module / "expected.yaml").write_text(filled.stdout)
    (module / "module.tftest.hcl").write_text(TESTS.format(outputs=json.dumps(OUTPUTS)))
    ran = terraform(module, "test")
    assert ran.returncode == 0, ran.stdout + ran.stderr
