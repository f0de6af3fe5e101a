"""What travels: events, commands, effects, and the bus that carries them."""
