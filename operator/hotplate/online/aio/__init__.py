"""Reading with asyncio, as scoring processes do.

One link to each server carries all reads of the process, within their deadlines; a link that breaks
is replaced in the background.
"""
