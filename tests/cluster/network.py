"""A network namespace of the cluster's own, and ways into it.

Nothing in it changes the machine's network, firewall rules or network sysctls, and nothing in it
reaches another machine.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster.processes import Process, free_port, output_of


@dataclass(frozen=True)
class NetworkNamespace:
    """A named network namespace."""

    name: str

    @property
    def path(self) -> Path:
        """The file that holds the namespace."""
        return Path("/run/netns") / self.name

    def enter(self) -> list[str]:
        """Return the prefix of a command that is to run inside.

        Unlike `ip netns exec`, nsenter leaves /sys/fs/cgroup as it is.
        """
        return ["nsenter", f"--net={self.path}", "--"]

    def create(self) -> None:
        """Make the namespace, with a loopback interface that is up."""
        output_of(["ip", "netns", "add", self.name])
        output_of([*self.enter(), "ip", "link", "set", "lo", "up"])

    def delete(self) -> None:
        """Remove the namespace, if it exists."""
        if self.path.exists():
            output_of(["ip", "netns", "delete", self.name])


@contextmanager
def relay(namespace: NetworkNamespace, port: int, folder: Path) -> Iterator[int]:
    """Make a port of 127.0.0.1 inside the namespace reachable; yields its port outside."""
    outside = free_port()
    module = Path(__file__).with_name("relay.py")
    arguments = [str(module), str(namespace.path), str(outside), str(port)]
    process = Process.start([sys.executable, *arguments], folder)
    try:
        process.wait_until(lambda: listens(outside), seconds=10)
        yield outside
    finally:
        process.stop()


def listens(port: int) -> bool:
    """Tell whether something accepts connections on a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
