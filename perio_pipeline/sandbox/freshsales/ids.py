"""Identifiers: whole numbers far above 2^31, repeatable for a seed and never used twice across restarts."""

import random

FIRST = 70_000_000_000
PER_START = 1_000_000_000


class IdSource:
    """Makes ids. `run` counts the starts of the server on the same state, so that each start draws other ids."""

    def __init__(self, seed: int, run: int) -> None:
        self._last = FIRST + run * PER_START
        self._random = random.Random(f"{seed}/{run}")

    def next(self) -> int:
        """A number larger than all before."""
        self._last += self._random.randint(1, 9)
        return self._last
