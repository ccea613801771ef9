"""musicnn's two networks, which label the examples that the encoder is trained on."""
