"""The verbs. Each takes an open App and plain values, and returns the answer (docs/json-output.md) as a dict."""
