"""What every request and response passes through: validation, problems, rate limits, idempotency, logs."""
