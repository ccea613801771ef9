"""Texts of questions: hard facts, examples, phrases to avoid, the words that are left; and mood presets."""
