"""Jobs on one machine: processes in place of pods, and files in place of Job objects.

A Job runs as `hotplate job` does in its pod, with the same environment and the same result; it is
retried, given up at its deadline and forgotten after a while as Kubernetes does it.
"""
