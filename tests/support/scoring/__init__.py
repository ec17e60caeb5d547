"""A running scoring service, its model and its read plan."""
