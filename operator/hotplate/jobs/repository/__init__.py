"""A Feast repository: its configuration, its definitions, and the session that Feast runs in."""
