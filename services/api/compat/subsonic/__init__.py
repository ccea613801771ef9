"""OpenSubsonic's similar songs and sonicSimilarity."""
