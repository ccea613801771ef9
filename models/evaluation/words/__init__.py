"""Evaluation of words and pictures on the validation packages, with the lists that it uses."""
