"""Decode windows of audio files, and check, mix and resample their samples."""
