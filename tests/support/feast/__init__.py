"""Feast repositories and the stores beside them."""
