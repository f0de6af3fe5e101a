"""acore itself, by its public runtime alone.

The messages here are registered where acore's own are: only a contestant's process imports these files.
"""
