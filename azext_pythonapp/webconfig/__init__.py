"""The Python part of a web.config: read it, and edit it in place; everything else is preserved byte for byte."""
