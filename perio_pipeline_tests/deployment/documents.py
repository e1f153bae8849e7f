"""The documents as a reader meets them: in which order, and with which commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perio_pipeline_tests.end_to_end.world import PROJECT

README = PROJECT / "README.md"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]*)(?:#([^)]*))?\)")
_COMMANDS = re.compile(
    r"^```sh\n(?P<block>.*?)^```|`(?P<named>(?:\.venv/bin/)?perio [^`]+|make [a-z-]+)`", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Command:
    """A command of a document.

    Attributes:
        document: its name, from the project's folder on.
        text: as it stands there; lines that a backslash or an open quote joins are one.
        in_block: it stands in a block of commands; else within a sentence, where it may only be named.
    """

    document: str
    text: str
    in_block: bool

    def __str__(self) -> str:
        return f"{self.document}: {self.text}"

    @property
    def words(self) -> list[str]:
        """Its words, without a comment."""
        return shlex.split(self.text, comments=True)

    def arguments(self, program: str) -> list[str] | None:
        """Return the arguments of a program that it calls; None where it does not."""
        words = self.words
        names = [place for place, word in enumerate(words) if word.rpartition("/")[2] == program]
        others = {"build", "kubectl", "helm"} & set(words)
        return words[names[0] + 1 :] if names and not others else None


def documents() -> list[Path]:
    """Return all documents: the README, then the others in the order in which they are first linked."""
    found = [README]
    for document in found:  # grows while it is read
        links = [(document.parent / link).resolve() for link, _ in LINK.findall(document.read_text(encoding="utf-8"))]
        found += [path for path in dict.fromkeys(links) if path.suffix == ".md" and path not in found]
    return found


def commands(document: Path) -> Iterator[Command]:
    """Yield every command of a document in its order, those of blocks and those within a sentence."""
    name = str(document.relative_to(PROJECT))
    for found in _COMMANDS.finditer(document.read_text(encoding="utf-8")):
        if found["named"]:
            yield Command(name, found["named"], in_block=False)
            continue
        yield from (Command(name, text, in_block=True) for text in _joined(found["block"]))


def _joined(block: str) -> Iterator[str]:
    pending = ""
    for line in block.replace("\\\n", " ").splitlines():
        pending += line
        try:
            words = shlex.split(pending, comments=True)
        except ValueError:  # a quote is still open
            pending += "\n"
            continue
        if words:
            yield pending.strip()
        pending = ""
    assert not pending, f"A quote is not closed: {pending}"
