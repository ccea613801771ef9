"""Version 1 of Segue's own API: a blueprint for each kind of resource."""
