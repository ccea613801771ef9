"""Encoders: the interface that Segue analyses music through, the shipped encoder, and those of other packages.

docs/encoders.md says how to bring one.
"""
