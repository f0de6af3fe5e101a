"""The slash commands: each a cog that reads what a person filled in and hands it over."""
