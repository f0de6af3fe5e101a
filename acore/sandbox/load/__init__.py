"""Load: many people at once, ready-made dispatches, and what was at its limit meanwhile.

`driver` is the people and `tally` what became of what they said, `flood` sends dispatches that were encoded
beforehand, `meter` measures the sandbox itself.
"""
