"""`python -m cluster`: what the tests do, by hand."""

import argparse
import signal
import tempfile
from pathlib import Path

from cluster.binaries import CONTROL_PLANE, NODE, binary
from cluster.chart import write_golden
from cluster.client import Level
from cluster.debian import APT_PACKAGES
from cluster.fixtures import prepare, run
from cluster.images import NAMES
from cluster.images import build as build_image
from cluster.settings import ClusterUnavailableError, say


def main() -> None:
    """Run the subcommand of the command line."""
    options = parser().parse_args()
    try:
        options.run(options)
    except ClusterUnavailableError as error:
        raise SystemExit(str(error)) from None


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = top.add_subparsers(required=True)
    build = commands.add_parser("build", help="build Kubernetes programs into the cache")
    build.add_argument("names", nargs="*", help="default: those of the control plane")
    build.add_argument("--all", action="store_true", help="every program, for kind too")
    build.set_defaults(run=build_programs)
    images = commands.add_parser("images", help="build the project's images")
    images.add_argument("names", nargs="*", help=f"default: {' '.join(NAMES)}")
    images.set_defaults(run=build_images)
    ready = commands.add_parser(
        "prepare", help="make all that a cluster needs, without starting it"
    )
    ready.add_argument("--level", type=Level, choices=list(Level), default=Level.KIND)
    ready.set_defaults(run=lambda options: prepare(options.level))
    packages = commands.add_parser(
        "packages", help="print the Debian packages that kind needs here"
    )
    packages.set_defaults(run=lambda _: say(" ".join(APT_PACKAGES)))
    golden = commands.add_parser("golden", help="write the chart's golden files anew")
    golden.set_defaults(run=lambda _: write_golden())
    up = commands.add_parser("up", help="run a cluster until Ctrl-C")
    up.add_argument("--level", type=Level, choices=list(Level), default=Level.CONTROL_PLANE)
    up.set_defaults(run=run_cluster)
    return top


def build_programs(options: argparse.Namespace) -> None:
    """Build what is named and missing; print where each program is."""
    for name in options.names or ((*NODE, "helm") if options.all else CONTROL_PLANE):
        say(f"{name:26} {binary(name, say)}")


def build_images(options: argparse.Namespace) -> None:
    """Build what is named, bases first."""
    for name in options.names or NAMES:
        build_image(name, say)


def run_cluster(options: argparse.Namespace) -> None:
    """Run a cluster and say how to reach it."""
    prepare(options.level)
    with (
        tempfile.TemporaryDirectory(prefix="hotplate-cluster-") as folder,
        run(options.level, Path(folder)) as cluster,
    ):
        say(f"export KUBECONFIG={cluster.kubeconfig}")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
