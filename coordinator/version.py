"""The version of Headrace: that of the installed distribution, else of the checkout."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

CHECKOUT_VERSION: Final = "0.1.0"


def _installed() -> str:
    try:
        return version("headrace")
    except PackageNotFoundError:
        return CHECKOUT_VERSION


VERSION: Final = _installed()
