"""A server of the Model Context Protocol: tools with which an assistant chooses music from the library."""
