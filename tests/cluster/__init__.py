"""A real Kubernetes for the tests, on any Linux machine, behind one pytest fixture.

In the order in which they build on each other:

- settings:       where the cache is, and the one error that says why a cluster cannot be had
- processes:      child processes that write a log and always end
- binaries:       the Kubernetes programs: found on the machine, else built once from go/*/go.mod
- client:         a running cluster as the tests see it: a kubeconfig and kubectl
- credentials:    the keys, tokens and kubeconfigs of a control plane
- control_plane:  etcd, the API server and the controller manager as child processes
- chart:          the Helm chart as it renders, and its golden files
- debian:         root file systems made by debootstrap
- containers:     podman and buildah with a storage of the tests' own
- archive:        a container image from a folder
- node_content:   the images that a node needs at its start
- node_image:     the image of a kind node
- network:        a network namespace of the cluster's own, and relay.py, the way into it
- kind:           clusters with nodes
- images:         the project's images
- release:        images and chart brought to a cluster, as users install them
- fixtures:       the pytest option `--cluster` and the fixtures `cluster` and `namespace`

`python -m cluster --help` (with `tests` on PYTHONPATH) runs the same steps by hand.
"""
