"""What is kept: the journal, the tables kept from it, and the one file they live in."""
