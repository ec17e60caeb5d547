"""Small Feast repositories under Feast's own store and under Hotplate: what differs, and why.

A case is data: definitions, a function that writes its files, and rows of join keys. Feast's side
is a redis online store of Feast and its local engine; Hotplate's is its Jobs and its readers. A
surface is a place where features are seen: stored rows, the training table, each reader, HTTP.
"""
