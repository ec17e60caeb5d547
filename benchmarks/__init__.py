"""The figures that README and docs quote; `python -m benchmarks` measures them all.

harness          timing, figures, tables, the picture
online_world     rows, a Feast store and readers of every kind, on one Valkey
online_reads     one decision's features, 100 rows, 16 coroutines: Hotplate, redis-py, Feast
online_cluster   the same read on three shards
online_write     a million rows: Hotplate's writer and Feast's, rows a second and memory
scoring          POST /score: the bento, a bare ASGI server, the blog's way

Apart from these, `make bench-operator`:

simulated_cluster  an API server on which Jobs end and Deployments scale by themselves
plain_operator     the same resources under plain Kopf handlers
operator_figures   what was measured, what it must be, where it is kept
operator_scale     500 FeatureStores and ModelDeployments: Ready, restart, steady state
"""
