"""The operator on a real API server, its pods, and the chart as users install it."""
