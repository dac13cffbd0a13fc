"""Azure from outside: Resource Manager, the SCM site (Kudu), credentials, public downloads, and the app's own page."""
