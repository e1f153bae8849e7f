"""Edits a YAML file entry by entry, so that all else of it stays as a person wrote it: comments, layout, order, quotes.

ruamel.yaml says where each entry stands; only the text of the entry itself is written anew, and what came out is read
again and compared with what was meant.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from perio_pipeline.errors import MappingError
from perio_pipeline.yamlfile import plain

Path_ = tuple[str | int, ...]
Pair = tuple[Node, Node]


def edit(path: Path, edits: Callable[[str], str], check: Callable[[Path], object]) -> None:
    """Rewrite a file and make sure that it still holds; otherwise it is as it was before.

    Args:
        path: the file.
        edits: what becomes of its text.
        check: reads the file; raises where it can no longer be used.

    Raises:
        MappingError: an edit that cannot be made, or what `check` found wrong with it.
    """
    before = path.read_bytes()
    after = edits(before.decode("utf-8"))
    _replace(path, after.encode("utf-8"))
    try:
        check(path)
    except BaseException:
        _replace(path, before)
        raise


def set_entry(file: Path, text: str, entry: Path_, value: Any) -> str:
    """Return the text with one entry set; entries around it that are not there are made.

    Args:
        file: whose text it is, for errors.
        text: the file's text.
        entry: the keys that lead to it.
        value: a scalar, a list or a mapping; of a mapping that is there already only what differs is written.

    Raises:
        MappingError: it is written in a way that only a person can change, such as through an alias.
    """
    return _edited(file, text, entry, value)


def remove_entry(file: Path, text: str, entry: Path_) -> str:
    """Return the text without an entry; one that is not there is left out already.

    Raises:
        MappingError: as for `set_entry`.
    """
    return _edited(file, text, entry, None)


def _edited(file: Path, text: str, entry: Path_, value: Any) -> str:
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    before = text.removeprefix(mark)
    after = _set(before, entry, value) if value is not None else _without(before, entry)
    if _read(after) != _meant(_read(before), entry, value):
        problem = "it is written in a way that only a person can change, such as through an alias or over many lines."
        line = _way(before, entry)[-1].start_mark.line + 1
        raise MappingError(str(file), line, ".".join(map(str, entry)), problem, "Change it by hand.")
    return mark + after


def _set(text: str, entry: Path_, value: Any) -> str:
    nodes = _way(text, entry)
    if len(nodes) <= len(entry):
        around, missing = nodes[-1], entry[len(nodes) - 1 :]
        for key in reversed(missing[1:]):
            value = {key: value}
        return _added(text, around, missing[0], value)
    node = nodes[-1]
    if isinstance(value, Mapping) and isinstance(node, MappingNode) and node.value:
        for key, each in value.items():
            text = _set(text, (*entry, key), each)
        for key in [pair[0].value for pair in node.value if pair[0].value not in value]:
            text = _without(text, (*entry, key))
        return text
    if isinstance(node, ScalarNode) or node.flow_style:
        start, gap = node.start_mark.index, "" if text[: node.start_mark.index].endswith((" ", "\n")) else " "
        return text[:start] + gap + _written(value) + text[_end(node) :]
    key = next(key for key, each in nodes[-2].value if each is node)
    start = text.index(":", key.end_mark.index) + 1
    return f"{text[:start]} {_written(value)}{text[_end(node) :]}"


def _added(text: str, around: Node, key: str | int, value: Any) -> str:
    """Put a new pair behind the last one of a mapping."""
    pair = f"{_written(key)}: {_written(value)}"
    if not isinstance(around, MappingNode):
        return text[: around.start_mark.index] + f"{{{pair}}}" + text[_end(around) :]
    if around.flow_style:
        end = _end(around.value[-1][1]) if around.value else around.start_mark.index + 1
        return f"{text[:end]}{', ' if around.value else ''}{pair}{text[end:]}"
    end = _line_end(text, _end(around.value[-1][1]))
    newline = "\r\n" if "\r\n" in text else "\n"
    ended = "" if text[:end].endswith("\n") else newline
    return f"{text[:end]}{ended}{' ' * around.value[0][0].start_mark.column}{pair}{newline}{text[end:]}"


def _without(text: str, entry: Path_) -> str:
    nodes = _way(text, entry)
    if len(nodes) <= len(entry):
        return text
    around, pairs = nodes[-2], nodes[-2].value
    place = next(number for number, (_, each) in enumerate(pairs) if each is nodes[-1])
    key, node = pairs[place]
    if len(pairs) == 1:
        return f"{text[: around.start_mark.index]}{{}}{text[_end(around) :]}"
    if around.flow_style:
        if place + 1 < len(pairs):
            return text[: key.start_mark.index] + text[pairs[place + 1][0].start_mark.index :]
        return text[: _end(pairs[place - 1][1])] + text[_end(node) :]
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    return text[:start] + text[_line_end(text, _end(node)) :]


def _way(text: str, entry: Path_) -> list[Any]:
    """The nodes from the whole file to the entry, as far as they are there."""
    nodes = [YAML(typ="rt").compose(text)]
    for part in entry:
        node = nodes[-1]
        if isinstance(node, MappingNode):
            found = next((value for key, value in node.value if key.value == str(part)), None)
        else:
            inside = isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value)
            found = node.value[part] if inside else None
        if found is None:
            break
        nodes.append(found)
    return nodes


def _end(node: Any) -> int:
    """Where the text of a node ends; a block's own mark stands behind the comments that follow it."""
    if isinstance(node, ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, MappingNode) else last)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _written(value: Any) -> str:
    """A value in one line, as it may stand between others."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_written(key)}: {_written(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    plainly = _dumped(value)
    return plainly if not isinstance(value, str) or plainly == value else _dumped(DoubleQuotedScalarString(value))


def _dumped(scalar: Any) -> str:
    """A scalar as ruamel.yaml writes it between others: texts that would read as something else are quoted."""
    yaml, out = YAML(), io.StringIO()
    yaml.default_flow_style, yaml.width, yaml.allow_unicode = True, 1_000_000, True
    yaml.dump([scalar], out)
    return out.getvalue()[1:-2]


def _read(text: str) -> Any:
    try:
        return plain(YAML(typ="rt").load(text))
    except YAMLError:
        return None


def _meant(data: Any, entry: Path_, value: Any) -> Any:
    """The file's content as it should be after the edit."""
    made = deepcopy(data)
    node = made
    for part in entry[:-1]:
        if value is None and (not isinstance(node, dict) or part not in node) and not isinstance(node, list):
            return made
        if isinstance(node, dict) and not isinstance(node.get(part), dict | list):
            node[part] = {}
        node = node[part]
    if value is None:
        node.pop(entry[-1], None)
    else:
        node[entry[-1]] = plain(value)
    return made


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step; it keeps who may read it."""
    aside = path.with_name(path.name + ".part")
    try:
        aside.write_bytes(content)
        aside.chmod(path.stat().st_mode)
        aside.replace(path)
    except OSError as error:
        problem = f"it cannot be written ({type(error).__name__})."
        raise MappingError(
            str(path), 1, "file", problem, "Make the mappings folder writable, or edit where it is."
        ) from None
