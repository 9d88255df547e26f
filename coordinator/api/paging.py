"""Pages of lists that are in memory: by name, each page found by the last name of the one before."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Annotated, Final, TypeVar

from litestar.params import QueryParameter

MAX_PAGE: Final = 500

Search = Annotated[
    str | None, QueryParameter(description="Text that the name, title or description holds.", max_length=200)
]
Limit = Annotated[int, QueryParameter(description="How many at most.", ge=1, le=MAX_PAGE)]
After = Annotated[str | None, QueryParameter(description="The `next` of the page before.", max_length=200)]

T = TypeVar("T")


def page_of(items: Iterable[T], key: Callable[[T], str], limit: int, after: str | None) -> tuple[list[T], str | None]:
    """Return the items of one page in the order of their key, and what to give as `after` for the next one."""
    ordered = sorted(items, key=key)
    start = 0 if after is None else bisect_right(ordered, after, key=key)
    page = ordered[start : start + limit]
    return page, key(page[-1]) if start + limit < len(ordered) else None
