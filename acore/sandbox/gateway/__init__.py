"""The gateway: sockets, sessions, intents.

`gateway` lets clients in, `conversation` is what one socket says and is answered, `sockets` writes its
frames, `sessions` and `replay` are what outlives it, `register` finds sessions and tells them the news, of
which `intents` says what a bot may hear. `codes`, `frames`, `rules` and `shards` are what these share; the
other files are one op or dispatch each.
"""
