"""Reading and writing over blocking sockets, for code without an event loop, such as Jobs."""
