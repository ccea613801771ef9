"""What happens in the background: Celery tasks that call `models` and `services` and record the outcome."""
