"""Reading with asyncio: one link to each server, redirects, deadlines, the reader."""
