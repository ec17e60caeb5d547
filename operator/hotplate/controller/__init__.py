"""The operator: every trigger leads to one reconcile, which observes, decides, applies, reports.

In dependency order, all of it pure:

    manifest                    plain data, and a hash that stands for it
    desired                     what should exist, as data
    results                     how a Job ended
    schedule                    when a cron schedule was last due and is next
    plan                        what to apply and what to delete
    status                      conditions, and when they flipped
    runs                        a Job's run: started, followed, kept
    feature_store_conditions    what the conditions of a FeatureStore say
    materialization             which views are due, which chunks of backfills are next
    feature_store               which Jobs a FeatureStore needs now, and its status
    model_deployment_conditions what the conditions of a ModelDeployment say
    model_deployment            which Jobs and children it needs now, and its status
"""
