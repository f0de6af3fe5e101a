"""The operations of the REST API, one file a noun."""
