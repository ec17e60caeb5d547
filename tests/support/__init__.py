"""What the tests of every ring share, by subject."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""
