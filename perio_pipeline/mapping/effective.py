"""The mapping that holds for one practice: its file without what the practice's switches rule out.

Unmet fields are gone. Unmet links are not sent, but still say which records belong together. Unmet objects stay, since
the graph of assets is the same for all practices; all their rows are left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from perio_pipeline.mapping.model import Absence, FieldMap, Link, Mapping, ObjectMap, Select
from perio_pipeline.mapping.switches import Switches

Dated = TypeVar("Dated", bound=FieldMap | Link)


class EffectiveMapping(Mapping):
    """A mapping in which every switch is decided. Its digest is what a person confirms.

    Attributes:
        absent: objects that are not loaded, and why.
        unsent: object → links that are not sent.
        fallbacks: what arrives in another form than it would with every feature and record by record, in plain words.
    """

    absent: dict[str, Absence]
    unsent: dict[str, dict[str, Link]]
    fallbacks: tuple[str, ...]

    def present(self) -> dict[str, ObjectMap]:
        """The objects that are loaded."""
        return {name: obj for name, obj in self.objects.items() if name not in self.absent}

    def absence(self, name: str) -> Absence | None:
        """Why an object's rows are not loaded; None where they are."""
        return self.absent.get(name)

    def relations(self, name: str) -> dict[str, Link]:
        """An object's links, sent or not."""
        return self.objects[name].links | self.unsent[name]


def effective(mapping: Mapping, switches: Switches) -> EffectiveMapping:
    """Decide every switch of a mapping file.

    Args:
        mapping: as it stands in the file; the names of its switches are checked.
        switches: those of one practice.
    """
    return EffectiveMapping(
        destination=mapping.destination,
        objects={name: _decided(obj, switches) for name, obj in mapping.objects.items()},
        absent={
            name: _absence(name, mapping, switches) for name, obj in mapping.objects.items() if obj.unmet(switches)
        },
        unsent={
            name: {link: each for link, each in obj.links.items() if each.unmet(switches)}
            for name, obj in mapping.objects.items()
        },
        fallbacks=tuple(_fallbacks(mapping, switches)),
    )


def _absence(name: str, mapping: Mapping, switches: Switches) -> Absence:
    words = switches[mapping.objects[name].unmet(switches) or ""].words
    others = _instead(name, mapping, switches)
    if not others:
        return Absence(category="skipped", reason=words)
    return Absence(category="elsewhere", reason=f"arrives as {', '.join(others)}: {words}")


def _instead(name: str, mapping: Mapping, switches: Switches) -> list[str]:
    """Where the rows of an object that is not loaded arrive: in the loaded objects that are made of the same frame."""
    return [
        other
        for other, obj in mapping.objects.items()
        if other != name and obj.rows == mapping.objects[name].rows and not obj.unmet(switches)
    ]


def _decided(obj: ObjectMap, switches: Switches) -> ObjectMap:
    return obj.model_copy(
        update={
            "fields": _met(obj.fields, switches),
            "custom": _met(obj.custom, switches),
            "links": _met(obj.links, switches),
            "select": tuple(_dated(condition, switches) for condition in _conditions(obj, switches)),
        }
    )


def _met(entries: dict[str, Dated], switches: Switches) -> dict[str, Dated]:
    return {name: entry for name, entry in entries.items() if not entry.unmet(switches)}


def _conditions(obj: ObjectMap, switches: Switches) -> Iterator[Select]:
    """The conditions that hold: a dated one does only where its switch is on."""
    for condition in obj.select:
        named = condition.since or condition.before
        if not isinstance(named, str) or switches[named].on:
            yield condition


def _dated(condition: Select, switches: Switches) -> Select:
    return condition.model_copy(
        update={name: _date(value, switches) for name in ("since", "before") if (value := getattr(condition, name))}
    )


def _date(value: str | date, switches: Switches) -> date | None:
    return switches[value].since if isinstance(value, str) else value


def _fallbacks(mapping: Mapping, switches: Switches) -> Iterator[str]:
    for name, obj in mapping.objects.items():
        unmet = obj.unmet(switches)
        if unmet and switches[unmet].departs:
            others = _instead(name, mapping, switches)
            what = f"arrive as {_spaced(', '.join(others))}" if others else "are left out"
            yield f"The {_spaced(name)} {what}, since {switches[unmet].words}."
        if unmet:
            continue
        yield from _entries(name, obj, switches)
        for condition in obj.select:
            if isinstance(condition.since, str) and switches[condition.since].on:
                switch = switches[condition.since]
                place = _spaced(condition.reason)
                yield f"The {_spaced(name)} before {switch.since} arrive as {place}, since {switch.words}."


def _entries(name: str, obj: ObjectMap, switches: Switches) -> Iterator[str]:
    """One sentence per switch: what is left out because of it, and what stands in its place."""
    entries: dict[str, FieldMap | Link] = {**obj.fields, **obj.custom, **obj.links}
    for switch in dict.fromkeys(unmet for entry in entries.values() if (unmet := entry.unmet(switches))):
        if not switches[switch].departs:
            continue
        gone = [_called(key, entry) for key, entry in entries.items() if entry.unmet(switches) == switch]
        instead = [
            _called(key, entry)
            for key, entry in entries.items()
            if switch in (entry.needs, entry.unless) and not entry.unmet(switches)
        ]
        place = f"{', '.join(instead)} stands in place of {', '.join(gone)}" if instead else f"no {', '.join(gone)}"
        yield f"In the {_spaced(name)}: {place}, since {switches[switch].words}."


def _called(name: str, entry: FieldMap | Link) -> str:
    return f"“{entry.label}”" if entry.label else name


def _spaced(name: str) -> str:
    return name.replace("_", " ")
