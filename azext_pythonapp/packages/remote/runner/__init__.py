"""What a job runs on the worker: this folder is uploaded as runner/, and its modules import each other from there."""
