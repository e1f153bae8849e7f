"""Reads a YAML file into a pydantic model; every error names file, line, entry and what would be right."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from perio_pipeline.errors import MappingError


class Entry(BaseModel):
    """Base of all models read from YAML: immutable, and a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)
Loaded = TypeVar("Loaded")


class YamlFile:
    """A YAML file that still knows on which line each entry stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise MappingError(str(path), 1, "file", "it does not exist.", "Check the name, or create the file.")
        try:
            self.data: Any = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise MappingError(str(path), line, "file", f"not YAML: {error.problem}.", "Mend this line.") from None
        except (YAMLError, UnicodeDecodeError):
            problem = "it holds bytes or characters that no YAML file may hold."
            raise MappingError(str(path), 1, "file", problem, "Save it as UTF-8 text.") from None

    def line(self, entry: tuple[str | int, ...]) -> int:
        """Return the line (from 1) of an entry; parts that are not there stand for the entry around them."""
        node, line = self.data, 1
        for part in entry:
            if isinstance(node, CommentedMap) and part in node:
                line = node.lc.key(part)[0] + 1
                node = node[part]
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line = node.lc.item(part)[0] + 1
                node = node[part]
        return line

    def error(self, entry: tuple[str | int, ...], problem: str, remedy: str) -> MappingError:
        """Make an error that points at an entry."""
        return MappingError(str(self.path), self.line(entry), ".".join(map(str, entry)) or "file", problem, remedy)

    def parse(self, model: type[Model]) -> Model:
        """Validate the file against a model.

        Raises:
            MappingError: the first mistake, and how many more there are.
        """
        try:
            return model.model_validate(plain(self.data))
        except ValidationError as error:
            mistakes = error.errors(include_url=False, include_input=False)
            # A misspelt key is also a missing one; the misspelling is the better news.
            mistakes.sort(key=lambda mistake: mistake["type"] != "extra_forbidden")
            problem, remedy = _explain(mistakes[0], model)
            more = f" ({len(mistakes) - 1} more after it.)" if len(mistakes) > 1 else ""
            raise self.error(self._known(mistakes[0]["loc"]), problem, remedy + more) from None

    def _known(self, loc: tuple[int | str, ...]) -> tuple[str | int, ...]:
        """Drop the parts pydantic adds for unions and keep the last one, which may be the missing key."""
        node, kept = self.data, []
        for position, part in enumerate(loc):
            inside = (isinstance(node, CommentedMap) and part in node) or (
                isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)
            )
            if inside:
                node = node[part]
            if inside or position == len(loc) - 1:
                kept.append(part)
        return tuple(kept)


def plain(node: Any) -> Any:
    """The content of a YAML node as plain dictionaries with text keys, lists and scalars."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node


def _explain(mistake: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    name = str(mistake["loc"][-1]) if mistake["loc"] else "file"
    if mistake["type"] == "missing":
        return "it is missing.", f"Add `{name}`."
    if mistake["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, _field_names(model), n=1)
        return "this key is not known.", f"Did you mean `{close[0]}`?" if close else "Remove it."
    return f"{mistake['msg']}.", "Correct the value."


def _field_names(model: type[BaseModel]) -> list[str]:
    """All keys any model in the tree knows; good enough to propose the right spelling."""
    names: set[str] = set()
    for definition in [model.model_json_schema(), *model.model_json_schema().get("$defs", {}).values()]:
        names |= set(definition.get("properties", {}))
    return sorted(names)


def remembered(load: Callable[[Path], Loaded]) -> Callable[[Path], Loaded]:
    """Remember what a file was read into until its content changes: parsing takes far longer than reading."""
    known: dict[Path, tuple[bytes, Loaded]] = {}

    @wraps(load)
    def loader(path: Path) -> Loaded:
        content = path.read_bytes() if path.is_file() else b""
        if path not in known or known[path][0] != content:
            known[path] = (content, load(path))
        return known[path][1]

    return loader


def digest(model: BaseModel) -> str:
    """Return the SHA-256 of a model's content, whatever the layout and comments of its file."""
    text = json.dumps(model.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
