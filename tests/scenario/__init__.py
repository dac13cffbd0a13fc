"""The built wheel in the unmodified az, in a process for each command, against the local Azure."""
