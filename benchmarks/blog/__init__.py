"""The blog's way, to compare with."""
