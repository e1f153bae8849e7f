"""How often something was seen in a file, and where first: all that may be told of patients' values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Seen:
    """How many values are of some kind, and the line of the first."""

    values: int = 0
    line: int = 0

    def add(self, line: int, values: int = 1) -> None:
        """Count values, of which the first stands on a line."""
        self.line = self.line or line
        self.values += values

    def __bool__(self) -> bool:
        return self.values > 0
