"""Webhooks: signed requests that tell other programs what happens to tracks and scans."""
