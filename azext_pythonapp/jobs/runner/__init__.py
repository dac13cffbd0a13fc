"""The program of a job, which is copied to the worker as it is. No module of the extension imports it."""
