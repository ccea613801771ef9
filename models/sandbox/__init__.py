"""Decode untrusted files in a child process that has no other rights.

`decoder` is the interface for the rest of Segue. It starts `server` in a fresh interpreter without secrets, and passes
it open files. The server confines itself (`confinement`), then forks one decoder per file, so a file cannot affect the
decoding of the next. `messages` defines what they exchange; the receiver validates each message.
"""
