"""Authentication, permissions, origins and rate limits of the HTTP API."""
