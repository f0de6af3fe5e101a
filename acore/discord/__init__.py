"""Discord through nextcord, which lives here alone."""
