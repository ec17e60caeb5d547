"""What training and verification know of a model: labels, features, a tree and its evaluation.

The functions take tables and return tables, models or refusals. Jobs in `tasks` connect them to
Feast and to the model store.
"""
