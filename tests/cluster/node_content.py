"""The images that a node needs at its start, made from our programs and put into its containerd."""

import shutil
import tempfile
from pathlib import Path

from cluster.archive import write_archive
from cluster.binaries import binary
from cluster.processes import Command, Process, output_of, succeeds
from cluster.settings import NODE_FILES

LIBRARIES = "usr/lib/x86_64-linux-gnu"
NETFILTER = ("xtables-nft-multi", "xtables-legacy-multi", "nft")
IMPORT_SECONDS = 300


def image_tags(version: str) -> dict[str, str]:
    """Return the images that kubeadm asks for, by the last part of their name."""
    flag = f"--kubernetes-version={version}"
    listed = output_of([binary("kubeadm"), "config", "images", "list", flag]).split()
    return {tag.rpartition(":")[0].rpartition("/")[2]: tag for tag in listed}


def preload(node: Path, version: str) -> None:
    """Put every image that kubeadm asks for into the node's content store."""
    with tempfile.TemporaryDirectory(dir=node.parent) as folder:
        archives = [
            image_archive(name, tag, node, Path(folder))
            for name, tag in image_tags(version).items()
        ]
        import_archives(node, archives, Path(folder))


def image_archive(name: str, tag: str, node: Path, folder: Path) -> Path:
    """Write one image as a docker-archive; its only program is the one that it is named after."""
    root = folder / name
    if name == "pause":
        program = compile_pause(root)
    else:
        if name == "kube-proxy":
            add_netfilter(node, root)
        program = root / "usr/local/bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(binary(name), program)
    archive = folder / f"{name}.tar"
    write_archive(archive, tag, root, f"/{program.relative_to(root)}")
    return archive


def compile_pause(root: Path) -> Path:
    """Compile the program that holds a pod's namespaces."""
    root.mkdir()
    source = NODE_FILES / "pause.c"
    output_of(["gcc", "-static", "-Os", "-s", "-o", root / "pause", source])
    return root / "pause"


def add_netfilter(node: Path, root: Path) -> None:
    """Copy iptables and nft with all libraries of their extensions out of the node."""
    for folder in ("usr/sbin", LIBRARIES, "usr/lib64", "run", "tmp", "etc", "var"):
        (root / folder).mkdir(parents=True)
    for link in ("sbin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    for program in NETFILTER:
        shutil.copy2(node / "usr/sbin" / program, root / "usr/sbin")
    for name in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            (root / "usr/sbin" / f"{name}{suffix}").symlink_to(NETFILTER[0])
    shutil.copytree(node / LIBRARIES / "xtables", root / LIBRARIES / "xtables")
    for library in linked_libraries(node):
        shutil.copy2(node / library, root / library)


def linked_libraries(node: Path) -> set[str]:
    """Return the shared libraries that netfilter's programs and extensions load."""
    programs = " ".join(f"/usr/sbin/{name}" for name in NETFILTER)
    listing = f"ldd {programs} /{LIBRARIES}/xtables/*.so"
    words = output_of(["chroot", node, "sh", "-c", listing]).split()
    return {f"usr{word}" for word in words if word.startswith("/lib") and not word.endswith(":")}


def import_archives(node: Path, archives: list[Path], folder: Path) -> None:
    """Import archives by a containerd of our own that writes into the node's root file system."""
    socket = folder / "containerd.sock"
    client: Command = [binary("ctr"), "--address", socket]
    settings = folder / "containerd.toml"
    settings.write_text(containerd_settings(node, folder, socket))
    containerd = Process.start([str(binary("containerd")), f"--config={settings}"], folder)
    try:
        containerd.wait_until(lambda: succeeds([*client, "version"]), seconds=30)
        for archive in archives:
            importing = ["--namespace=k8s.io", "images", "import", "--no-unpack"]
            output_of([*client, *importing, archive], seconds=IMPORT_SECONDS)
    finally:
        containerd.stop()


def containerd_settings(node: Path, folder: Path, socket: Path) -> str:
    """Return settings of a containerd that stores images and runs nothing."""
    return f"""\
version = 3
root = "{node}/var/lib/containerd"
state = "{folder}/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images",
]
[grpc]
  address = "{socket}"
"""
