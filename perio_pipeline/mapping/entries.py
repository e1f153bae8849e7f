"""The entries of a file's content, each with its path, and how two contents differ entry by entry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

EntryPath = tuple[str, ...]
Files = Mapping[str, Mapping[str, Any]]
"""File name → its content."""


@dataclass(frozen=True)
class Change:
    """One entry that differs.

    Attributes:
        file: where it stands, from the mappings folder.
        path: the keys that lead to it.
        before, after: its value as it is written in one line; None where the entry is not there.
    """

    file: str
    path: EntryPath
    before: str | None
    after: str | None

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        """What became of the entry."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def entry(self) -> str:
        """The path as people write it; an empty key, which stands for an empty value, as quotes."""
        return ".".join(part or '""' for part in self.path)

    def __str__(self) -> str:
        """File, entry, before → after."""
        before, after = ("(not there)" if value is None else value for value in (self.before, self.after))
        return f"{self.file} {self.entry}: {before} → {after}"

    def plain(self) -> dict[str, str | None]:
        """For programs."""
        return {
            "file": self.file,
            "entry": self.entry,
            "change": self.kind,
            "before": self.before,
            "after": self.after,
        }


def changes(before: Files, after: Files) -> list[Change]:
    """Return every entry that differs, file by file in the order of the entries."""
    return [
        Change(file, path, old.get(path), new.get(path))
        for file in dict.fromkeys([*before, *after])
        for old, new in [(entries(before.get(file, {})), entries(after.get(file, {})))]
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]


def entries(content: Mapping[str, Any]) -> dict[EntryPath, str]:
    """Return path → value in one line, for every scalar and every list of scalars; empty ones say nothing."""
    return dict(_leaves(content, ()))


def _leaves(node: Any, path: EntryPath) -> Iterator[tuple[EntryPath, str]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(node, list) and any(isinstance(each, Mapping) for each in node):
        for number, value in enumerate(node):
            yield from _leaves(value, (*path, str(number)))
    elif node not in (None, []):
        yield path, _line(node)


def _line(value: Any) -> str:
    """A value in one line; a text that would read as another value, or as none, stands in quotes."""
    if isinstance(value, str) and value.strip() == value != "" and "\n" not in value and not _is_json(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
