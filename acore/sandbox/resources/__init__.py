"""The operations of the REST API, one file a noun; `table` puts them together.

What is read from bodies that several operations share stands in the files called `…_forms`. State changes are
`acore.sandbox.state`'s: an operation reads, asks whether it may be, has it done, and answers.
"""
