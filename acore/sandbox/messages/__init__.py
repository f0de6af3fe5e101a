"""What can be said: bodies with their limits, embeds, components, and the messages themselves."""
