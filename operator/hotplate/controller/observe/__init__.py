"""Reads the cluster and turns what it returns into what a decision is made on.

A function here either fetches objects from the API server, or derives from an object's body what a
decision needs to know about it.
"""
