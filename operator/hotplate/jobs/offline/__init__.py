"""Rows of the offline store, and the ways in which a Job writes them to the online store.

A feature view is read as the latest row of each entity in a window, batch by batch where its files
allow it, else by Feast. Rows are written by this process, by a Feast compute engine or by Ray.
"""
