"""Ratings in the units of the formats, as a share from 0 to 1: one star is 0.2, zero stars are unknown."""

STARS = 5
# The lowest byte of two to five stars, as Windows reads ID3v2's popularimeter; taggers write 1, 64, 128, 196 and 255.
POPULARIMETER = (32, 96, 160, 224)
# WM/SharedUserRating of one to five stars is 1, 25, 50, 75 and 99.
SHARED_USER_RATING = (13, 38, 63, 87)


def of_popularimeter(value: int) -> str | None:
    """Return the rating of a popularimeter, 0 to 255, as text; None for 0."""
    return _of_steps(value, POPULARIMETER)


def of_shared_user_rating(value: int) -> str | None:
    """Return the rating of ASF's WM/SharedUserRating, 0 to 99, as text; None for 0."""
    return _of_steps(value, SHARED_USER_RATING)


def of_text(value: float, written: str) -> float:
    """Return the share of a field `RATING`, whose unit differs between programs.

    A number with a fraction up to 1 is a share, another one up to 5 counts stars, and a larger one is a percentage.
    """
    if "." in written and value <= 1:
        return value
    return value / STARS if value <= STARS else value / 100


def _of_steps(value: int, steps: tuple[int, ...]) -> str | None:
    return str((1 + sum(value >= step for step in steps)) / STARS) if value > 0 else None
