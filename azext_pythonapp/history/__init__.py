"""Records of the changes of an app, kept on the app, and the lease of the command that changes it now."""
