"""The image of a kind node, made here: for machines without Docker or without an image registry.

kind's own files (from its Go module) over a minimal Debian, the programs of `binaries`, and the
images that kubeadm asks for. Made once, as `localhost/hotplate-node:<version>-<hash of inputs>`.
"""

import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

from cluster import containers
from cluster.binaries import NODE, Report, binary, programs
from cluster.debian import APT_PACKAGES, require_root_and, root_file_system
from cluster.node_content import image_tags, preload
from cluster.processes import output_of
from cluster.settings import GO_MODULES, NODE_FILES, cache_folder, say

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "conntrack", "iptables", "nftables", "iproute2"),
    *("ethtool", "util-linux", "mount", "kmod", "libseccomp2", "pigz", "e2fsprogs", "bash"),
    *("ca-certificates", "curl", "jq", "procps", "runc", "socat", "ebtables"),
)
CNI_PLUGINS = Path("/usr/lib/cni")
UNITS = ("kubelet", "containerd", "undo-mount-hacks", "pod-network")
# kind's Dockerfile removes the same: what would start devices, sockets and clean-ups of a machine.
UNWANTED_UNITS = (
    "lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "lib/systemd/system/multi-user.target.wants/*",
    "etc/systemd/system/*.wants/*",
    "lib/systemd/system/local-fs.target.wants/*",
    "lib/systemd/system/sockets.target.wants/*udev*",
    "lib/systemd/system/sockets.target.wants/*initctl*",
    "lib/systemd/system/basic.target.wants/*",
)


def node_image(report: Report = say) -> str:
    """Return the tag of the node image, making it when the storage does not have it."""
    require_root_and([name for name in APT_PACKAGES if shutil.which(name)])
    tag = image_tag()
    if not containers.exists("image", tag):
        for name in NODE:
            binary(name, report)
        pristine = root_file_system("node", PACKAGES, report)
        report(f"making the node image {tag} (once)")
        make(tag, pristine)
    return tag


def image_tag() -> str:
    """Return a tag that changes with whatever the image is made of."""
    inputs = [*sorted(GO_MODULES.glob("*/go.mod")), *sorted(NODE_FILES.iterdir())]
    inputs += [Path(__file__), Path(__file__).with_name("node_content.py")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()[:12]
    return f"localhost/hotplate-node:{kubernetes_version()}-{digest}"


def kubernetes_version() -> str:
    """Return the Kubernetes version of the node, such as v1.37.2."""
    return programs()["kubelet"].version


def make(tag: str, pristine: Path) -> None:
    """Make the image from a copy of the pristine root file system."""
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="node-") as folder:
        node = Path(folder) / "rootfs"
        output_of(["cp", "--archive", "--reflink=auto", pristine, node], seconds=300)
        add_kind_files(node)
        trim_systemd(node)
        add_programs(node)
        configure_containerd(node)
        configure_kubelet(node)
        add_pod_network(node)
        preload(node, kubernetes_version())
        containers.podman(
            *("build", "--quiet", "--tag", tag, "--file", NODE_FILES / "Containerfile", folder)
        )


def add_kind_files(node: Path) -> None:
    """Copy what kind's own base image has, out of kind's Go module."""
    command = ["go", "mod", "download", "-json", "sigs.k8s.io/kind"]
    module = json.loads(output_of(command, folder=GO_MODULES / "kind", seconds=300))
    source = Path(module["Dir"]) / "images/base/files"
    output_of(["cp", "--recursive", "--no-preserve=mode,ownership", f"{source}/.", node])
    for folder in ("usr/local/bin", "kind/bin"):
        make_executable(*(node / folder).iterdir())
    (node / "kind").chmod(0o755)
    (node / "kind/version").write_text(kubernetes_version())


def trim_systemd(node: Path) -> None:
    """Leave the units that a node needs, and nothing that writes to the machine's settings."""
    for pattern in UNWANTED_UNITS:
        for unit in node.glob(pattern):
            unit.unlink()
    for setting in (node / "usr/lib/sysctl.d").iterdir():
        setting.unlink()
    units = node / "etc/systemd/system"
    (units / "multi-user.target.wants").mkdir(exist_ok=True)
    for name in UNITS:
        link = units / "multi-user.target.wants" / f"{name}.service"
        link.symlink_to(f"/etc/systemd/system/{name}.service")
    (units / "systemd-binfmt.service").symlink_to("/dev/null")
    journal = node / "etc/systemd/journald.conf"
    journal.write_text(journal.read_text() + "ReadKMsg=no\n")


def add_programs(node: Path) -> None:
    """Install containerd, the kubelet, kubeadm, kubectl and the CNI plugins."""
    for name in ("containerd", "containerd-shim-runc-v2", "ctr"):
        shutil.copy2(binary(name), node / "usr/local/bin")
    for name in ("kubelet", "kubectl", "kubeadm"):
        shutil.copy2(binary(name), node / "usr/bin")
    for folder in ("opt/cni/bin", "etc/cni/net.d", "etc/kubernetes/manifests", "kind/manifests"):
        (node / folder).mkdir(parents=True, exist_ok=True)
    for name in ("host-local", "loopback", "ptp", "portmap"):
        shutil.copy2(CNI_PLUGINS / name, node / "opt/cni/bin")


def configure_containerd(node: Path) -> None:
    """Name the pause image, and ask for nothing that takes CAP_SYS_RESOURCE.

    Without that capability no container starts that sets limits or a low oom_score_adj.
    """
    settings = node / "etc/containerd/config.toml"
    text = settings.read_text()
    pause = image_tags(kubernetes_version())["pause"]
    text = re.sub(r'sandbox_image = ".*"', f'sandbox_image = "{pause}"', text)
    text = text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")
    settings.write_text(text)
    spec = json.loads(output_of([binary("ctr"), "oci", "spec"]))
    hook = {"path": "/kind/bin/mount-product-files.sh"}
    spec.setdefault("hooks", {}).setdefault("createContainer", []).append(hook)
    spec["process"].pop("rlimits", None)
    (node / "etc/containerd/cri-base.json").write_text(json.dumps(spec))


def configure_kubelet(node: Path) -> None:
    """Let the kubelet run where cgroups are still of version 1, and guard the machine's sysctls."""
    settings = node / "etc/default/kubelet"
    text = settings.read_text()
    settings.write_text(
        text.replace("KUBELET_EXTRA_ARGS=", "KUBELET_EXTRA_ARGS=--fail-cgroupv1=false ")
    )
    guard = node / "kind/bin/guard-sysctls"
    shutil.copy(NODE_FILES / guard.name, guard)
    make_executable(guard)


def add_pod_network(node: Path) -> None:
    """Add the pod network as a systemd unit, and the manifests that kind applies."""
    script = node / "kind/bin/pod-network"
    shutil.copy(NODE_FILES / script.name, script)
    make_executable(script)
    shutil.copy(NODE_FILES / "pod-network.service", node / "etc/systemd/system")
    for name in ("default-cni.yaml", "default-storage.yaml"):
        shutil.copy(NODE_FILES / name, node / "kind/manifests")


def make_executable(*paths: Path) -> None:
    """Let everyone run the files."""
    for path in paths:
        path.chmod(0o755)
