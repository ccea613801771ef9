"""Import of listens from files of other services and programs."""
