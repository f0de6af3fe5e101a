"""How often something may be done.

`numbers` are all that can be adjusted and `guard` holds those who count: requests (`buckets`, `ratelimits`),
invalid ones, commands created, sessions started.
"""
