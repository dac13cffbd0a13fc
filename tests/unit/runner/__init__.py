"""The program that runs on the worker: azext_pythonapp/jobs/runner."""
