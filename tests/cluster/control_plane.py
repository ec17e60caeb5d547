"""A control plane of three child processes on 127.0.0.1: etcd, API server, controller manager.

Everything but nodes is real: custom resources with CEL, server-side apply, watches, RBAC, garbage
collection, Deployments and Jobs up to their pods, which stay Pending. Any user can run it; it is
ready in 3 to 5 seconds.
"""

import contextlib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cluster.binaries import binary
from cluster.client import Cluster, Level
from cluster.credentials import (
    new_token,
    write_kubeconfig,
    write_service_account_key,
    write_tokens,
)
from cluster.processes import Process, free_port

START_SECONDS = 60


@dataclass
class ControlPlane:
    """The three processes and the folder that they share."""

    folder: Path
    port: int = field(default_factory=free_port)
    etcd_port: int = field(default_factory=free_port)
    token: str = field(default_factory=new_token, repr=False)
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """The certificate that the API server makes for itself at its start."""
        return self.folder / "apiserver.crt"

    @property
    def cluster(self) -> Cluster:
        """The cluster as the tests see it."""
        return Cluster(Level.CONTROL_PLANE, self.folder / "kubeconfig", binary("kubectl"))

    def start(self, manifests: Sequence[Path] = ()) -> None:
        """Start all three and apply the manifests.

        The manifests are applied before the controller manager starts: its garbage collector takes
        up to a minute to notice a kind that is defined later.
        """
        self.start_without_controllers(manifests)
        self.start_controller_manager()

    def start_without_controllers(self, manifests: Sequence[Path] = ()) -> None:
        """Start etcd and the API server and apply the manifests."""
        write_service_account_key(self.folder / "service-accounts.key")
        write_tokens(self.folder / "tokens.csv", self.token)
        self.start_etcd()
        self.start_api_server()
        write_kubeconfig(self.folder / "kubeconfig", self.server, self.certificate, self.token)
        self.cluster.apply_files(manifests)

    def start_etcd(self) -> None:
        """Start etcd; it writes without fsync, since its data need not outlive the tests."""
        url = f"http://127.0.0.1:{self.etcd_port}"
        self._start(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            "--listen-peer-urls=http://127.0.0.1:0",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        self._wait("etcd", lambda: answer(f"{url}/health") is not None)

    def start_api_server(self) -> None:
        """Start the API server and wait until it is ready; a loopback address is no endpoint."""
        key = self.folder / "service-accounts.key"
        self._start(
            "kube-apiserver",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.folder}",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged=true",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
        )
        self._wait("kube-apiserver", lambda: self._answers("/readyz"))

    def start_controller_manager(self) -> None:
        """Start the controllers; wait until one of them has made the default service account."""
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={self.folder / 'kubeconfig'}",
            "--secure-port=0",
            f"--cert-dir={self.folder}",
            f"--flex-volume-plugin-dir={self.folder / 'plugins'}",  # else in /usr/libexec
            f"--service-account-private-key-file={self.folder / 'service-accounts.key'}",
            f"--root-ca-file={self.certificate}",
            "--leader-elect=false",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        )
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._wait("kube-controller-manager", lambda: self._answers(account))

    def stop_api_server(self) -> None:
        """End the API server only, at once: it would wait a minute for its watches to end."""
        self.processes.pop("kube-apiserver").stop(seconds=1)

    def stop(self) -> None:
        """End all processes, the last started first."""
        while self.processes:
            self.processes.popitem()[1].stop()

    def memory(self) -> dict[str, int]:
        """Return the resident bytes of each process by name."""
        return {name: resident_bytes(process) for name, process in self.processes.items()}

    def _start(self, name: str, *flags: str) -> None:
        self.processes[name] = Process.start([str(binary(name)), *flags], self.folder)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        self.processes[name].wait_until(ready, START_SECONDS)

    def _answers(self, path: str) -> bool:
        if not self.certificate.exists():
            return False
        return answer(self.server + path, self.token, self.certificate) is not None


@contextlib.contextmanager
def control_plane(folder: Path, manifests: Sequence[Path] = ()) -> Iterator[ControlPlane]:
    """Run a control plane in a folder for as long as the block lasts."""
    running = ControlPlane(folder)
    try:
        running.start(manifests)
        yield running
    finally:
        running.stop()


def answer(url: str, token: str = "", authority: Path | None = None) -> bytes | None:
    """Return the body of an answer with status 200, None for any other or none."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    try:
        context = ssl.create_default_context(cafile=authority) if authority else None
        with urllib.request.urlopen(request, timeout=2, context=context) as response:
            body: bytes = response.read()
            return body
    except (OSError, urllib.error.URLError):
        return None


def resident_bytes(process: Process) -> int:
    """Return the resident set of a running process."""
    pages = int(Path(f"/proc/{process.child.pid}/statm").read_text().split()[1])
    return pages * 4096
