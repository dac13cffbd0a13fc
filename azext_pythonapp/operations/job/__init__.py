"""Commands about jobs, and running one: pip on the worker, followed to its end."""
