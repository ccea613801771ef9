"""What the commands of `segue` do; `services.cli.main` declares them."""
