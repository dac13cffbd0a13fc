"""The outside world: Azure Resource Manager, the SCM site (Kudu), credentials, and the app's own page."""
