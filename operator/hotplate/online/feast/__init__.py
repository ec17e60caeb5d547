"""The online store as Feast and Redis administrators see it.

Feast's plugin with its configuration, the deletion of rows, and the ACL rules that a user needs.
Everything here may import Feast and redis-py; scoring processes import nothing of it.
"""
