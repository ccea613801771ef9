"""Run every part of Segue on one machine."""
