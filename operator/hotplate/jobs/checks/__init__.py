"""Checks that a preflight makes before anything is planned.

What a store reveals is separate from what it means: facts are gathered with I/O, and checks are
decided from them. Each check names the condition it reports to, and its message has the fix.
"""
