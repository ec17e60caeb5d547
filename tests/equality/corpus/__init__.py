"""The cases, by subject."""

from equality.corpus import keys, moments, odd_files, reported, services, types

CASES = (
    *reported.CASES,
    *types.CASES,
    *keys.CASES,
    *odd_files.CASES,
    *moments.CASES,
    *services.CASES,
)
"""All cases; their names are unique."""
