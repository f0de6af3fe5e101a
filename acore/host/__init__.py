"""The machine we run on, read through psutil."""
