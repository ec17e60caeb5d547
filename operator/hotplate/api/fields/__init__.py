"""The building blocks of fields: durations, quantities, references, cron schedules, and rules.

A rule is written once, as CEL for the API server, as a predicate for Python and as a message.
"""
