"""Environments of an app: what a new one is built of, the job that builds it, and how IIS gets to know them."""
