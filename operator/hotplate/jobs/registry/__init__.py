"""Feast's registry, guarded: no writer overwrites what another one has written meanwhile."""
