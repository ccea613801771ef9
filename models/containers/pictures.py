"""The picture formats that Segue reads, those that it refuses by name, and how to tell them by content."""

from models.containers import UnsupportedContainer

HEAD_BYTES = 16
"""Bytes at the start of a file that tell its format."""

# Formats that people send, for a clear error: the bytes at an offset.
REFUSED_PICTURES = {
    "BMP": (0, b"BM"),
    "TIFF": (0, b"II*\0"),
    "Big-endian TIFF": (0, b"MM\0*"),
    "PDF": (0, b"%PDF"),
    "SVG": (0, b"<svg"),
    "HEIC": (4, b"ftyphei"),
    "HEIF": (4, b"ftypmif"),
    "AVIF": (4, b"ftypavi"),
}


SUPPORTED_PICTURES = {"JPEG", "PNG", "WebP", "GIF"}


def recognise_picture(head: bytes) -> str:
    """Return the name of a picture's format: JPEG, PNG, WebP or GIF.

    Args:
        head: The first `HEAD_BYTES` bytes of a file, or the whole of a shorter file.

    Raises:
        UnsupportedContainer: The file has another format.
    """
    name = picture_name(head)
    if name in SUPPORTED_PICTURES:
        return name
    if name:
        raise UnsupportedContainer(f"{name} is not supported. Convert the picture to JPEG, PNG, WebP or GIF.")
    raise UnsupportedContainer("The file is not a JPEG, PNG, WebP or GIF picture")


def picture_name(head: bytes) -> str:
    """Return the name of a picture's format, supported or not; an empty string for anything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    return next(
        (name for name, (offset, magic) in REFUSED_PICTURES.items() if head[offset:].startswith(magic)),
        "",
    )
