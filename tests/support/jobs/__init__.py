"""What the Jobs of the tests report, and what becomes of it."""
