"""What Prometheus scrapes: the operator's own work, its Jobs, and the state of each resource."""
