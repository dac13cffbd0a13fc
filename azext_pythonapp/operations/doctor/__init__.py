"""`doctor`: checks of an app, each with evidence and the command that fixes what it finds."""
