"""Local runs for tests: as their user runs them, and played without a process."""
