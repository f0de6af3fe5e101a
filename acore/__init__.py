"""acore: the runtime that runs, watches and administers a Discord bot."""

__version__ = "0.1.0"
