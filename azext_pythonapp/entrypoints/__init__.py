"""Find the application in an app's source files, and the server for it. Files are parsed, never executed."""
