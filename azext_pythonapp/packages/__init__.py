"""Packages of a runtime on the worker: what is asked for, what is there, and how pip is told."""
