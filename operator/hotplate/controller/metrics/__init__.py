"""The operator's metrics, of itself and of the resources."""
