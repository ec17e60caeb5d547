"""The operator: every trigger leads to one reconcile, which observes, decides, applies, reports.

In dependency order; `cluster` alone talks to the API server, `handlers`, `settings` and `__main__`
alone know Kopf, and all up to `references` is pure:

    manifest                     plain data, and a hash that stands for it
    desired                      what should exist, as data
    job_results                  what a Job's result must hold
    pod_state                    what keeps a pod from running
    results                      how a Job ended
    patience                     when to look again at what sends no event
    schedule                     when a cron schedule was last due and is next
    ownership                    fields of a child that somebody else owns
    plan                         what to apply and what to delete
    status                       conditions, and when they flipped
    runs                         a Job's run: started, followed, kept
    observations                 what the decisions depend on, beside the resources
    preflight                    which check of the stores a FeatureStore needs, and what it found
    feature_store_conditions     what the conditions of a FeatureStore say
    materialization              which views are due, which chunks of backfills are next
    feature_store                which Jobs a FeatureStore needs now, and its status
    deletion                     what happens to a FeatureStore that is being deleted
    compatibility                whether a model fits what a FeatureStore serves
    model_choice                 which model serves: trained or brought, verified, pinned
    scoring_pods                 why the pods that score do not come up
    model_deployment_conditions  what the conditions of a ModelDeployment say
    model_deployment             which Jobs and children it needs now, and its status
    projects                     Feast projects that would endanger each other
    references                   the Secrets and ConfigMaps that a resource names
    paths                        where the API server has the objects of each kind
    cluster                      the API server: get, list, apply, delete, report
    tenants                      the FeatureStores that share a cache
    observe                      what a decision is made on
    report                       the one writer of status, and Events
    departure                    one reconcile of a FeatureStore that is being deleted
    own_writes                   versions that the operator wrote itself
    triggers                     when a resource is reconciled
    ended_runs                   Jobs whose end a status tells for the first time
    resource_metrics             what was last reported of each resource, for Prometheus
    metrics                      what Prometheus learns of the operator
    absent                       kinds of children that a resource has none of
    settings                     the operator's settings, and Kopf's
    reconcile                    observe, decide, apply, report
    readers                      which ModelDeployments read a FeatureStore
    handlers                     which events reconcile what
"""
