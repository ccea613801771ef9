"""What Segue talks about: tracks, listen events, filters, jobs. No I/O, no framework."""
