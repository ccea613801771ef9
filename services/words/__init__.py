"""The grammar of texts: hard facts, examples, phrases to avoid, and the words that are left."""
