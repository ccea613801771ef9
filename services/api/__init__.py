"""The HTTP API. Importing this package imports no framework: the client shares its schemas."""
