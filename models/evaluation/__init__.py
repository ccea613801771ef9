"""Evaluation of the encoder on soundtracks that nothing was fitted on."""
