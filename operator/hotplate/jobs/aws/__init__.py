"""AWS as the Jobs use it: sessions, the clock, and errors that name what to do."""
