"""`publish`: a folder of this machine becomes the running app."""
