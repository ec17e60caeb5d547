"""How large a cache, how long, how much: `hotplate size MANIFEST`.

In dependency order:

    prices       nodes and prices, from a dated table that a user may replace
    calculation  bytes and rates to nodes, hours and dollars; pure
    rows         rows of a view, made by their types
    measuring    bytes and rows a second of a view's entities, on a real Valkey
    tables       rows of a view, of the files that the definitions name
    sized        the command: measures and calculates
    shown        what it prints
"""
