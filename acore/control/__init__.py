"""The line between a running acore and the command line: a socket in the data directory."""
