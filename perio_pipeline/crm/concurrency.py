"""Running many requests side by side with a bound and one clear exception."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def concurrently(call: Callable[[Item], Awaitable[Result]], items: Iterable[Item], limit: int) -> list[Result]:
    """Call for every item, at most `limit` at once; results in the order of the items.

    The first exception cancels what is still running and is raised as it is.
    """
    queue = list(enumerate(items))
    results: dict[int, Result] = {}
    remaining = iter(queue)

    async def worker() -> None:
        for index, item in remaining:
            results[index] = await call(item)

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, len(queue)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return [results[index] for index in range(len(queue))]
