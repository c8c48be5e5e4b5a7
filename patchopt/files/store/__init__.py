"""What a sweep has finished, kept where nothing takes it away again: parts, a ledger, a lock."""
