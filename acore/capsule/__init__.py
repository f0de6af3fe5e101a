"""Capsules: a piece of the journal in one file, which another machine can read, replay and take in."""
