"""What to do next for a resource: the brain that the operator and `hotplate up` share.

A decision is a pure function of a resource and of what was observed: which Jobs to start or stop,
the status to report, and when to look again. It knows no cluster, no Feast and no clock: what it
needs to know is in its arguments, so that whole lives of a resource can be simulated.
"""
