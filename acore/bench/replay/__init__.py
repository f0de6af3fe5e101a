"""A replay of simple messages, beside a bare scan of the same rows."""
