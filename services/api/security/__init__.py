"""Authentication, permissions, origins and signed URLs of the HTTP API."""
