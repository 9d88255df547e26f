"""Compare the Headrace that a pack asks for with the one that runs."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

CHECKOUT_VERSION: Final = "0.1.0"


def is_supported(requirement: str, running: str | None = None) -> bool:
    """Whether `running`, or else this Headrace, is as new as `>=1.2` asks for."""
    return _numbers(running or _installed()) >= _numbers(requirement.removeprefix(">="))


def _installed() -> str:
    try:
        return version("headrace")
    except PackageNotFoundError:
        return CHECKOUT_VERSION


def _numbers(text: str) -> tuple[int, int, int]:
    parts = [int("".join(filter(str.isdigit, part)) or 0) for part in text.split(".")[:3]]
    major, minor, patch = (*parts, 0, 0, 0)[:3]
    return major, minor, patch
