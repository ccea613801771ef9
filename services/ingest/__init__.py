"""Music comes in: folders are scanned, uploads taken, audio identified, tags read."""
