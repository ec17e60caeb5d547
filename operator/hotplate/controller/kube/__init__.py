"""The Kubernetes API as the operator uses it. It knows none of Hotplate's own kinds."""
