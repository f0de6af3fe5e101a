"""How a request becomes an answer: the table of operations, who may ask, and the ways Discord says no."""
