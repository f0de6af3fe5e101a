"""What a person sees and types in a terminal.

`console` is the room's middle: lines in, what is shown out. `seats` are the users one may be, `steps` and
`outcome` are for scripts, `prompt`, `completion` and `form` for typing, `orders` are the words after `!`, and
the other files turn messages into text. It speaks to the sandbox through `person` alone, over the wire.
"""
