"""Which model a ModelDeployment serves.

A model is trained or external, is verified where the spec asks for it, and is then pinned to the
read plan that it serves by. The rules of each step, and whether a model fits a feature service,
are here; what serves a pinned model is decided beside this folder.
"""
