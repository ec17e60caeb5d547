"""What a preflight looks at before anything is written: cache, AWS, SQL registry, sizes."""
