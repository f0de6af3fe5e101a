"""The gateway: sockets, sessions, intents."""
