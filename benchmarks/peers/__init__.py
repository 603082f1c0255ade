"""Our services and other servers of the same models, measured side by side in one run: `python -m benchmarks.peers`."""
