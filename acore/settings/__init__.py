"""What an operator may choose: declared once, read from files and the environment, begun by `acore init`."""
