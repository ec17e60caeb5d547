"""How large a cache must be, how long loading it takes, and what it costs.

Rows of each feature view are written to a real Valkey and measured; nodes, hours and dollars are
calculated from that.
"""
