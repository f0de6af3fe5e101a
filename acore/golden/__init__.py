"""Golden files: what each version of each message looked like, kept for ever, and read again by a test."""
