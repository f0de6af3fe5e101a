"""What there is: records of users, guilds, channels and messages, and the world that holds them."""
