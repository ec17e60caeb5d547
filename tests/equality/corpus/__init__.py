"""The cases, by subject."""

from equality.corpus import keys, moments, odd_files, reported, types

CASES = (
    *reported.CASES,
    *types.CASES,
    *keys.CASES,
    *odd_files.CASES,
    *moments.CASES,
)
"""All cases; their names are unique."""
