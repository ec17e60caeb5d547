"""The same over plain sockets, for threads without an event loop."""
