"""Decode audio files and prepare waveforms."""
