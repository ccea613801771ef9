"""Audio container formats: MPEG audio and Ogg. Standard library only, so that `services` may import it."""


class UnsupportedContainer(Exception):  # noqa: N818  "Error" would say less than the name does
    """The bytes are not audio in a supported format; the message says why."""
