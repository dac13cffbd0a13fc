"""Costs that the product promises to keep small, measured: `make bench`."""
