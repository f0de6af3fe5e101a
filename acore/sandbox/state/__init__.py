"""What there is: records of users, guilds, channels and messages, and the world that holds them.

`records` and `kinds` describe it. `world` finds and adds; the other nouns change it, announce that to their
`audience` and write it into the audit log through a `hand`, without waiting in between. `worldfile` and
`seeding` are for a world told in TOML, `keeping` and `snapshots` for one that outlives a stop.
"""
