"""The data directory: locks, disk checks, backup and restore."""
