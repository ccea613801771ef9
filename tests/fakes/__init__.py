"""Fakes, fixtures and test data that several tests share."""
