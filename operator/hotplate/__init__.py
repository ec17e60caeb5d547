"""Hotplate keeps a Feast feature store fresh in ElastiCache and serves BentoML models off it.

In dependency order:

    api         the two custom resources, FeatureStore and ModelDeployment
    online      the low-latency online store: Feast's Redis layout, read in one round trip
    serving     what a bento imports: features, failure policy, decision log, metrics
    jobs        what a Job's pod runs: plan, apply, materialize, train, verify
    local       the same manifests on one machine
    cli         the `hotplate` command
"""
