"""Add music to the library: scan folders, accept uploads, compute track ids, read tags."""
