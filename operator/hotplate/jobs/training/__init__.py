"""Training: labels, the training set, the decision tree, its evaluation and golden rows."""
