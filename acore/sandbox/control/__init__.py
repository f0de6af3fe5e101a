"""The control API: what drives the sandbox from outside, beside what Discord itself offers.

`control` says who may ask, `table` which function answers; the others are its nouns: faults, limits, load,
state.
"""
