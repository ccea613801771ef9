"""The networks that the encoder is trained to match."""
