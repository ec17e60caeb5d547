"""How large a cache must be, how long loading it takes, and what it costs.

This package writes rows of each feature view to a real Valkey and measures them. It calculates
nodes, hours and dollars from that, and returns them as data.
"""
