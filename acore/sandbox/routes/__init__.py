"""What can be asked over REST, one file a noun."""
