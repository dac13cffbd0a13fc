"""Commands about web.config, and what set-version shares with them: handler, entry point, and the change itself."""
