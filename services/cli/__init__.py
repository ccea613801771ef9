"""The commands of `segue`: `main` declares them, `library` and `maintenance` run them."""
