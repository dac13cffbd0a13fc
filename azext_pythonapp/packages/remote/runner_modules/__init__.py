"""What a job runs on the worker: this folder is uploaded with runner.py, and its modules import each other from there."""
