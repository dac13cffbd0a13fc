"""The Python part of an app's web.config: reading it, editing it byte for byte, and finding the app's entry point."""
