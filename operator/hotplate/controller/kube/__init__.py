"""The Kubernetes API as the operator uses it: objects as plain data, and what is sent and when.

Nothing here knows what a FeatureStore or a ModelDeployment is.
"""
