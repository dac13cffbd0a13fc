"""The built wheel in the unmodified az, as a process, against the local Azure."""
