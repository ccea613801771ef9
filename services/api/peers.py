"""Who is at the other end of a connection."""

from ipaddress import IPv6Address, ip_address


def is_this_machine(address: str | None) -> bool:
    """Whether a peer's address is one of this machine alone."""
    if not address:
        return True  # a unix socket
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback
