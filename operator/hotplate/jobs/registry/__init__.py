"""Feast's registry, shared safely: no writer overwrites what another has written meanwhile.

Feast imports the stores here by the names in its configuration. They know nothing of a repository's
definitions or of the resource.
"""
