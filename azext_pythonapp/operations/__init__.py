"""The verbs. Each takes an open App and plain values, and returns the contract's answer as a dict."""
