"""From what the cluster returns to what a decision is made of."""
