"""How a request becomes an answer.

`operations` lists what Discord's API has, `table` says which function answers which of it, for whom, and what
that function is given; `bodies` reads a request's body; `requests` leads one request through all of it:
faults, limits, who asks, the answer, the recording.
"""
