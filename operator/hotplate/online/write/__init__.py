"""Writing rows: values to bytes, an upsert script that never replaces a newer row."""
