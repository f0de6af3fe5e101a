"""Trouble on purpose.

`kinds` describes every fault with its fields, `faults` holds those in force, `injection` puts one there or
does at once what happens at once; `patterns` and `pointers` say what is hit, `hold` makes requests wait.
"""
