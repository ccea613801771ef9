"""What an operator watches: measurements for Prometheus, and traces."""
