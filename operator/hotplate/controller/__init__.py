"""The operator: the body of the decisions on Kubernetes.

Every trigger leads to one reconcile, which observes the cluster, decides (`decide`), applies what
should exist and writes the status. Kopf is at its edge (`watch`, `settings`, `__main__`), and the
Kubernetes client is in `kube.client` alone.
"""
