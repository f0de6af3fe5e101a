"""Load: many people at once, ready-made dispatches, and what was at its limit meanwhile."""
