"""Strangers' files are decoded by a child process that can do nothing else.

`decoder` is what the rest of Segue calls. It starts `server` in a fresh interpreter without secrets, and hands it open
files. The server locks itself in (`confinement`, `landlock`, `syscalls`), then forks a child for each file: what a file
does to its decoder ends with it. `messages` is what passes between them, checked by whoever receives it.
"""
