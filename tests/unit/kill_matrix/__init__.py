"""The client is killed after each of its requests, and the app must be none the worse for it."""
