"""The Jobs, one module each.

A task is the whole of one Job: it opens the workspace, does its work with the other packages of
`jobs`, and returns its result. No task uses another, but apply, which plans first.
"""
