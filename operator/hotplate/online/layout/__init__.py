"""Feast's layout of rows in Redis as bytes: keys, fields, values and event times, without I/O."""
