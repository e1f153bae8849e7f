"""Letter templates as PANDA writes them: text with merge fields and conditions, marked by brackets of several kinds.

`«PatientLastName»` is a merge field; `«IF PlanStatus = Lost»` ... `«ELSE»` ... `«END IF»` a condition. The brackets may
be `« »`, `<< >>`, `{{ }}`, `{ }` or `[[ ]]`, and a field may say `MERGEFIELD`, as Word's do. What is in brackets and is
none of these is named as a problem, never dropped.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from perio_pipeline.files.document import Block, Cell, Document, Paragraph, Run, Table

_MARKED = re.compile(r"«([^«»]*)»|<<([^<>]*)>>|\{\{([^{}]*)\}\}|\{([^{}]*)\}|\[\[([^\[\]]*)\]\]")
_IF = re.compile(r"IF\s+([\w.]+)\s*(<>|<=|>=|=|<|>)\s*(.*)", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"(?:MERGEFIELD\s+)?\"?([^\W\d][\w .-]*?)\"?(?:\s*\\\*\s*\w+)*", re.IGNORECASE)
_STRAY = re.compile(r"[«»{}]|<<|>>|\[\[|\]\]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")

_WORDS = {"=": "is", "<>": "is not", "<": "is below", ">": "is above", "<=": "is at most", ">=": "is at least"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """A condition on a merge field."""

    field: str
    comparison: str
    value: str

    def __str__(self) -> str:
        if self.value:
            return f"{self.field} {_WORDS[self.comparison]} “{self.value}”"
        return f"{self.field} {'is empty' if self.comparison == '=' else 'has a value'}"

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether it holds for some values; numbers are compared as numbers."""
        left, right = values.get(self.field, ""), self.value
        if _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right):
            return _COMPARE[self.comparison](float(left), float(right))
        return _COMPARE[self.comparison](left, right)


@dataclass(frozen=True)
class Branches:
    """A condition with the beginning of what is written if it holds, and if not."""

    condition: Condition
    then: str
    otherwise: str


@dataclass(frozen=True)
class Template:
    """What a template consists of.

    Attributes:
        fields: the names of its merge fields, those in conditions too, in the order of their first appearance.
        branches: its conditions in order.
        problems: what is wrong with it, in words.
    """

    fields: tuple[str, ...]
    branches: tuple[Branches, ...]
    problems: tuple[str, ...]


@dataclass
class _Open:
    """A condition that has begun."""

    condition: Condition
    then: str = ""
    otherwise: str = ""
    turned: bool = False


def parse(document: Document) -> Template:
    """Find merge fields and conditions; a template that is broken says what is wrong with it."""
    fields: dict[str, None] = {}
    branches: list[Branches] = []
    problems: list[str] = []
    stack: list[_Open] = []
    for paragraph in document.paragraphs():
        for text, mark in _pieces(paragraph):
            condition = condition_of(mark)
            if condition:
                fields.setdefault(condition.field)
                stack.append(_Open(condition))
            elif _is(mark, "ELSE"):
                if not stack or stack[-1].turned:
                    problems.append("an ELSE without its IF")
                else:
                    stack[-1].turned = True
            elif _is(mark, "ENDIF"):
                if not stack:
                    problems.append("an END IF without its IF")
                else:
                    done = stack.pop()
                    branches.append(Branches(done.condition, done.then.strip(), done.otherwise.strip()))
            elif mark is None:
                problems += [f"a {stray} without its counterpart" for stray in _STRAY.findall(text)]
            elif _FIELD.fullmatch(mark) and not mark.upper().startswith("IF "):
                fields.setdefault(mark)
            else:
                problems.append(f"{text} is neither a field nor a condition")
            for each in stack if mark is None or not _is_control(mark) else ():
                if each.turned:
                    each.otherwise += text
                else:
                    each.then += text
    problems += [f"an IF without its END IF: {each.condition}" for each in stack]
    return Template(tuple(fields), tuple(branches), tuple(dict.fromkeys(problems)))


def condition_of(mark: str | None) -> Condition | None:
    """Return the condition that a mark begins, if it does."""
    match = _IF.fullmatch(mark or "")
    return Condition(match[1], match[2], match[3].strip()) if match else None


def filled(document: Document, values: Mapping[str, str]) -> Document:
    """Return the letter as it would be written for some values: fields filled in, conditions decided."""
    shown: list[bool] = []

    def one(paragraph: Paragraph) -> Paragraph | None:
        parts, dropped = [], False
        for run in _runs(paragraph):
            for text, mark in _split(run.text):
                condition = condition_of(mark)
                if condition:
                    shown.append(condition.holds(values))
                elif _is(mark, "ELSE") and shown:
                    shown[-1] = not shown[-1]
                elif _is(mark, "ENDIF") and shown:
                    shown.pop()
                elif all(shown):
                    parts.append(replace(run, text=text if mark is None else values.get(mark, f"«{mark}»")))
                else:
                    dropped = True
        kept = tuple(part for part in parts if part.text)
        return None if dropped and not kept else replace(paragraph, parts=kept)

    return _each(document, one)


def marked(document: Document) -> Document:
    """Return the template as people read it: fields in bold between « », conditions as words in brackets."""

    def one(paragraph: Paragraph) -> Paragraph:
        parts = []
        for run in _runs(paragraph):
            for text, mark in _split(run.text):
                condition = condition_of(mark)
                if mark is None:
                    parts.append(replace(run, text=text))
                elif condition:
                    parts.append(Run(f"[if {condition}: ", italic=True))
                elif _is(mark, "ELSE"):
                    parts.append(Run(" | otherwise: ", italic=True))
                elif _is(mark, "ENDIF"):
                    parts.append(Run("]", italic=True))
                else:
                    parts.append(replace(run, text=f"«{mark}»", bold=True))
        return replace(paragraph, parts=tuple(parts))

    return _each(document, one)


def _each(document: Document, change: Callable[[Paragraph], Paragraph | None]) -> Document:
    """A document with every paragraph changed, in reading order; those that come to nothing are left out."""

    def blocks(them: tuple[Block, ...]) -> tuple[Block, ...]:
        made = [_changed(block, change) for block in them]
        return tuple(block for block in made if block is not None)

    return Document(body=blocks((*document.header, *document.body, *document.footer)))


def _changed(block: Block, change: Callable[[Paragraph], Paragraph | None]) -> Block | None:
    if isinstance(block, Paragraph):
        return change(block)
    if isinstance(block, Table):
        rows = tuple(
            tuple(Cell(tuple(p for p in map(change, cell.paragraphs) if p), cell.heading) for cell in row)
            for row in block.rows
        )
        return Table(rows, block.widths)
    return block


def _pieces(paragraph: Paragraph) -> Iterator[tuple[str, str | None]]:
    for run in _runs(paragraph):
        yield from _split(run.text)


def _runs(paragraph: Paragraph) -> list[Run]:
    """The paragraph's runs, so joined that no mark is cut in two by a change of its look."""
    runs: list[Run] = []
    for part in paragraph.parts:
        if not isinstance(part, Run):
            continue
        if runs and _is_open(runs[-1].text):
            runs[-1] = replace(runs[-1], text=runs[-1].text + part.text)
        else:
            runs.append(part)
    return runs


def _is_open(text: str) -> bool:
    rest = _MARKED.sub("", text)
    return any(rest.count(left) > rest.count(right) for left, right in (("«", "»"), ("{", "}"), ("[[", "]]")))


def _split(text: str) -> Iterator[tuple[str, str | None]]:
    """Text between marks, and the marks: (text as written, what is between the brackets or None)."""
    place = 0
    for match in _MARKED.finditer(text):
        if match.start() > place:
            yield text[place : match.start()], None
        inside = next(group for group in match.groups() if group is not None).strip()
        field = _FIELD.fullmatch(inside)
        yield match[0], field[1] if field else inside
        place = match.end()
    if place < len(text):
        yield text[place:], None


def _is(mark: str | None, word: str) -> bool:
    return mark is not None and mark.upper().replace(" ", "") == word


def _is_control(mark: str) -> bool:
    return condition_of(mark) is not None or _is(mark, "ELSE") or _is(mark, "ENDIF")
