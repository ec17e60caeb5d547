"""Rows that readers read, without Feast, and reads that continue while something fails."""
