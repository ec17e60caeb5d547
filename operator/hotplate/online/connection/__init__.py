"""Where the online store is and how to log in there: nodes, replicas, TLS, passwords, IAM."""
