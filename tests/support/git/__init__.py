"""Git repositories and their servers on loopback: HTTPS and SSH, as teams have them."""
