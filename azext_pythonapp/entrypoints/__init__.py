"""Finding the application in an app's source files, and what serves it. Files are parsed, never executed."""
