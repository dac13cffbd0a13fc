"""`set-version`: make an app run a Python version, as one transaction."""
