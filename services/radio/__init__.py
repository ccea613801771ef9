"""Radio sessions: where they start, what they play next, how they change direction."""
