"""The Celery workers: background tasks that call `models` and `services`."""
