"""The Git repository of the definitions: which commit a ref stands for, and its files.

Git runs as a program with an environment of its own: nothing of the machine's or the user's
configuration counts, only https and ssh are spoken, and it never asks.
"""

from hotplate.jobs.git.checkout import checkout, resolve
from hotplate.jobs.git.program import Source

__all__ = ["Source", "checkout", "resolve"]
