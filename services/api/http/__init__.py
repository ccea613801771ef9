"""What every request and response goes through: validation, problems, idempotency, logs."""
