"""The conditions of a resource's status: what is said of it, and when that has changed.

The reasons and messages here are read by people in `kubectl describe`.
"""
