"""`acore bench runtime`: the runtime beside hand-written loops and beside other libraries, in one run."""
