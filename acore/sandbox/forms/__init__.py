"""Reading what a client sent, field by field, so that everything wrong with it is named at once.

`fields` reads one object; `form` one that changes something, where what was not sent stays as it is;
`field_kinds` what has rules of its own, such as moments and pictures; `paging` the part of a list that a
query asks for.
"""
