"""The bento of a local run: its server as a child process, and the request that shows it."""
