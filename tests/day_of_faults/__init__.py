"""A day of a team's life under faults, under Hotplate and under Feast with a CronJob."""
