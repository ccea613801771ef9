"""OpenSubsonic's similar songs, with the extension `sonicSimilarity`."""
