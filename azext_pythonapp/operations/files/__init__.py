"""An app's own files: which are there, which were published, and replacing them so that they can be put back."""
