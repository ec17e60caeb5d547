"""From replies of the online store to rows of feature values, without I/O.

The reads of a feature service are compiled once from the read plan: the bytes around each key in a
command, a decoder per feature, and the code that builds a row. Values that the fast paths do not
cover fall back to slower code with the same results, which also reports errors exactly.
"""
