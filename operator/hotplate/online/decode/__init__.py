"""From a store's replies to the rows of a feature service. No I/O."""
