"""Why somebody could not sign in."""

from enum import StrEnum


class SignInProblem(StrEnum):
    """What the page says after a sign-in that failed."""

    CANCELLED = "cancelled"
    """The person or the provider stopped it."""
    EXPIRED = "expired"
    """It took too long, or began in another browser."""
    NO_ACCESS = "no-access"
    """None of the person's groups may use Segue."""
    TAKEN = "taken"
    """The listener of this name is another person."""
    REFUSED = "refused"
    """The provider's answer is not valid."""
    UNAVAILABLE = "unavailable"
    """The provider or a part of Segue does not respond."""
