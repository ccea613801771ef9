"""Training of the encoder's weights: examples, the vibe space, the student network, and what is fitted after it."""
