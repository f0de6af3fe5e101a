"""The checks: each a function that looks at one thing and says how it is."""
