"""What the bot can say of itself, from what its actors show."""
