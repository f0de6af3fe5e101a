"""What runs: actors, their mailboxes, and the supervisors that start them again."""
