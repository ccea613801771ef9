"""Radio sessions: their start, their directions, and the next tracks."""
