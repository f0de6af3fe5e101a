"""acore as a process that does not know whether it runs in a container, as tests often do."""

from acore import log
from acore.cli import main

if __name__ == "__main__":
    log._CONTAINER_FILES = ()
    main()
