"""How good the encoder is, measured on soundtracks that nothing was fitted on."""
