"""Hand-written stand-ins for what a unit does not own."""
