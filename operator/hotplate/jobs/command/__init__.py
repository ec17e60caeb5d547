"""`hotplate job ...`: progress on stderr, exactly one JSON result on stdout, exit code 0 or 1.

Every option also comes from an environment variable, so that a pod needs no arguments.
"""

from hotplate.jobs.command.commands import app

__all__ = ["app"]
