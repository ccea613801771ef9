"""Read the tags of an audio file by its content, in bounded bytes and reads, and make them safe to store."""

from services.ingest.tags.reader import lyrics_inside, names_inside, picture_inside, read_tags

__all__ = ["lyrics_inside", "names_inside", "picture_inside", "read_tags"]
