"""The Jobs, each a module with a function `run`.

A task is the whole of one Job: it opens the workspace, works with the other packages of `jobs`, and
returns its result. No task uses another, except apply, which plans first.
"""
