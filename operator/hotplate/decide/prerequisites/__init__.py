"""What a plan waits for: stores that were found usable, and the commit of definitions in Git."""
