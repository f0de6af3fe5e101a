"""A person's client, for tests, scripts and the console."""
