"""The project's images, built from images/*.Dockerfile by Docker, or by buildah where it is not.

Without an image registry the base is a Debian of our own under the public tag: for tests only,
never to be published.
"""

import os
import ssl
from pathlib import Path

from cluster import containers
from cluster.binaries import Report
from cluster.debian import root_file_system
from cluster.kind import docker_runs
from cluster.processes import Command, output_of
from cluster.settings import CHECKOUT, cache_folder, say

VERSION = "0.1.0"
NAMES = (
    "operator",
    "jobs",
    "serving",
    "valkey",
    "credit-scoring-jobs",
    "credit-scoring",
)  # bases first
BASE = "docker.io/library/python:3.11-slim"
BASE_PACKAGES = ("python3", "python3-pip", "ca-certificates")
BUILD_SECONDS = 1800


def tag(name: str) -> str:
    """Return the tag that the examples and the chart know an image by."""
    return f"hotplate/{name}:{VERSION}"


def build(name: str, report: Report = say) -> None:
    """Build one image; layers that have not changed are taken from the cache."""
    report(f"building {tag(name)}")
    dockerfile = CHECKOUT / "images" / f"{name}.Dockerfile"
    described: Command = ["--file", dockerfile, "--tag", tag(name), CHECKOUT]
    if docker_runs():
        output_of(["docker", "build", *described], seconds=BUILD_SECONDS)
    else:
        base_image(report)
        offline = ["--pull=never", "--isolation=chroot", "--layers", *certificates()]
        containers.buildah("build", *offline, *described)


def build_all(report: Report = say) -> None:
    """Build every image."""
    for name in NAMES:
        build(name, report)


def archive(name: str) -> Path:
    """Write an image as a docker-archive, for `kind load image-archive`; return its path."""
    path = cache_folder() / "images" / f"{name}.tar"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if docker_runs():
        output_of(["docker", "save", "--output", path, tag(name)], seconds=BUILD_SECONDS)
    else:
        containers.buildah("push", tag(name), f"docker-archive:{path}:docker.io/{tag(name)}")
    return path


def base_image(report: Report = say) -> None:
    """Make the image that the Dockerfiles start from, when the storage does not have it."""
    if containers.exists("image", BASE):
        return
    pristine = root_file_system("python", BASE_PACKAGES, report)
    container = containers.buildah("from", "scratch").strip()
    try:
        containers.buildah("add", container, pristine, "/")
        script = (
            "ln -s /usr/bin/python3 /usr/local/bin/python3; ln -s python3 /usr/local/bin/python"
        )
        containers.buildah("run", "--isolation=chroot", container, "sh", "-c", script)
        containers.buildah("config", "--env=LANG=C.UTF-8", container)
        containers.buildah("commit", "--quiet", container, BASE)
    finally:
        containers.buildah("rm", container)


def certificates() -> list[str]:
    """Return the flags that show a build this machine's certificate authorities.

    A machine behind a proxy of its own trusts one that Debian does not know.
    """
    bundle = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    if not bundle or not Path(bundle).exists():
        return []
    inside = "/etc/ssl/certs/ca-certificates.crt"
    return [f"--volume={bundle}:{inside}:ro"]
