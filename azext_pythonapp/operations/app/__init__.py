"""What is looked at on an app, by all commands: its files, settings, Pythons and pages."""
