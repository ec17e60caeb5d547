"""What one process of Hotplate writes and another reads.

The operator, the Jobs' pods, the scoring pods and the command never share memory, only environment
variables, files and results. Each such fact is written here once. Nothing here reads or writes
anything, and only pydantic is imported, so that every process can afford it.
"""
