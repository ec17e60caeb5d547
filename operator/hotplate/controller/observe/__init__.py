"""Reads the cluster and turns what it returns into what a decision is made on.

A function here either asks the API server for objects, or tells from an object's body what a
decision needs to know of it.
"""
