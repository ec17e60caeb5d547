"""Documents of the resources: complete ones, and what their rules accept and refuse."""
