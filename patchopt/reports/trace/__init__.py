"""One run read back from its events: what changed when, and the work on every node."""
