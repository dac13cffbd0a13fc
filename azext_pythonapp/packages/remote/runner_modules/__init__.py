"""What a job runs on the worker: uploaded with runner.py, where the modules import each other by their names."""
