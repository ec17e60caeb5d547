"""How Feast lays out rows in Redis, as bytes: keys, fields, values, timestamps. No I/O."""
