"""Hotplate keeps a Feast feature store fresh in ElastiCache and serves BentoML models off it.

Two custom resources say what is wanted (`api`), one set of pure functions decides what to do about
it (`decide`), and two bodies do it: an operator on Kubernetes (`controller`) and a local run
(`local`). Both run the same Jobs (`jobs`), and the models that Jobs make are served by `serving`.
"""
