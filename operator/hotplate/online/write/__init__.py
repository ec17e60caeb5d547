"""From Arrow tables to rows in the online store.

Columns are encoded as Feast encodes them, and a script on the server replaces only older rows.
"""
