"""How any client of the online store connects to it, whatever the client is.

Addresses, TLS and logins that may change while a process runs, the RESP protocol as bytes, and the
routing of keys to the servers of a cluster.
"""
