"""A Feast repository and the stores that its configuration names.

Feast's configuration is rendered from the resource, definitions are loaded and compared, and a
session opens Feast's store with errors that name the fix. What several Jobs need of Feast is here.
"""
