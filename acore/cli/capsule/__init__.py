"""The commands of `acore events` that put a piece of the journal into a file, and take it out again."""
