"""Threads of their own for the long work of steps.

asyncio has one small pool for everything that is not given another: looking up names and checking passwords wait there.
A few slow searches would hold all of that up, so they only wait for each other.  Threads start with the first work.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

FILES: Final = ThreadPoolExecutor(4, thread_name_prefix="files")
"""Reading folders: mostly waits for the disk."""
PAGES: Final = ThreadPoolExecutor(2, thread_name_prefix="pages")
"""Reading web pages: computes, so more threads would not be faster."""

ResultT = TypeVar("ResultT")


async def run_in(threads: ThreadPoolExecutor, work: Callable[[], ResultT]) -> ResultT:
    """Do work in one of these threads.  Work that did not begin when its run is cancelled is not done at all."""
    return await asyncio.get_running_loop().run_in_executor(threads, work)
