"""Processing of all requests and responses: validation, problems, idempotency, logs, metrics; and the static pages."""
