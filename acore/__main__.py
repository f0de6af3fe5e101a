"""`python -m acore`."""

from acore.cli import main

main()
