"""Commands about packages: install-requirements and `package …`."""
