"""The program that imports an app's entry point on the worker (operations/import_check.py sends it as one command)."""
