"""Apps whose packages are in an environment beside the runtime."""
