"""`acore soak journal`: a process is killed again and again; does its file hold what it had promised?"""
