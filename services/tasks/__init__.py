"""Sending Celery tasks by name, and sending lost ones again."""
