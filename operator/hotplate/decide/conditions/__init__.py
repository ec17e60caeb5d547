"""The conditions of a resource's status, their reasons and messages, and their transitions.

People read these reasons and messages in `kubectl describe`.
"""
