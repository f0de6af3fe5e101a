"""The process that a replay runs in, shut off from everything outside, and how it is spoken to."""
