"""Pure logic: no az, no network, seconds."""
