"""What the commands of `segue` do; `services.cli` declares them."""
