"""Reading the offline store: the latest row of each entity in a window, by Feast or from files."""
