"""Programs are taken from the machine where they fit, else from the cache."""

from pathlib import Path

import pytest

from cluster.binaries import NODE, binary, fits, installed, program_name, programs


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that the tests are told to use."""
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path


def put(folder: Path, name: str, version: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


def test_every_program_of_a_node_is_in_a_go_mod_with_its_version() -> None:
    known = programs()
    assert {*NODE, "helm"} <= set(known)
    assert all(program.version.startswith("v") for program in known.values())


def test_a_program_is_named_after_the_last_part_of_its_package_that_is_no_version() -> None:
    assert program_name("sigs.k8s.io/kind") == "kind"
    assert program_name("go.etcd.io/etcd/server/v3") == "etcd"


def test_a_program_of_the_wanted_minor_version_is_taken_from_the_machine(found: Path) -> None:
    there = put(found, "kube-apiserver", "Kubernetes v1.37.0")
    assert binary("kube-apiserver") == there


def test_a_program_of_another_minor_version_is_left_alone(found: Path) -> None:
    put(found, "kube-scheduler", "Kubernetes v1.30.0")
    assert installed(programs()["kube-scheduler"]) is None


@pytest.mark.parametrize(
    ("name", "printed", "expected"),
    [
        ("etcd", "etcd Version: 3.5.1", True),
        ("etcd", "etcd Version: 2.3.8", False),
        ("kubectl", "Client Version: v1.32.4-dispatcher", False),
        ("kubectl", "", False),
    ],
)
def test_kubernetes_fits_by_its_minor_version_and_all_else_by_its_major(
    name: str, printed: str, *, expected: bool
) -> None:
    assert fits(programs()[name], printed) is expected


def test_a_change_of_a_version_is_another_place_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTPLATE_CACHE", str(tmp_path))
    program = programs()["etcd"]
    assert program.built.is_relative_to(tmp_path)
    assert program.built != programs()["kind"].built
