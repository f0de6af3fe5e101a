"""A person's client, for tests, scripts and the console.

`person` is what somebody can do, over `connection` (REST) and `feed` (gateway); `places` is what they see,
`invocation` an interaction they began, and `forms` and `speaking` what they send. It knows of the sandbox
what it is told over the wire.
"""
