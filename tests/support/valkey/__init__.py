"""Valkey servers of every kind, and what stands in for ElastiCache."""
