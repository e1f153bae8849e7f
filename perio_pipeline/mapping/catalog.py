"""Every frame a mapping may take values from, and the checks that a mapping file fits them."""

from __future__ import annotations

from pathlib import Path

from perio_pipeline.clinical import frames as clinical
from perio_pipeline.mapping.model import FieldMap, Mapping, ObjectMap
from perio_pipeline.mapping.transforms import TRANSFORMS
from perio_pipeline.panda.canonical import Column, Table
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.validation.frames import DERIVED
from perio_pipeline.yamlfile import YamlFile, remembered

FRAMES: dict[str, Table] = {
    **{f"validated/{name}": table for name, table in TABLES.items()},
    **{f"validated/{table.name}": table for table in DERIVED},
    **{f"clinical/{name}": table for name, table in clinical.FRAMES.items()},
}
"""Asset key → columns of every frame that can be mapped."""

SHORTEST_PART = 500
"""Characters a part of a long text has at least."""


@remembered
def load_mapping(path: Path) -> Mapping:
    """Read a destination's mapping file and check it against the frames and transforms it names.

    Raises:
        MappingError: file, line, entry, what is wrong and what would be right.
    """
    file = YamlFile(path)
    mapping = file.parse(Mapping)
    for name, obj in mapping.objects.items():
        _Check(file, mapping, name, obj).all()
    return mapping


class _Check:
    """The checks of one object; each raises at the entry that is wrong."""

    def __init__(self, file: YamlFile, mapping: Mapping, name: str, obj: ObjectMap) -> None:
        self.file, self.mapping, self.name, self.obj = file, mapping, name, obj
        self.entry = ("objects", name)
        self.aliases: dict[str, Table] = {}

    def all(self) -> None:
        self.rows = self.frame((*self.entry, "rows"), self.obj.rows)
        for alias, join in self.obj.join.items():
            entry = (*self.entry, "join", alias)
            joined = self.frame((*entry, "frame"), join.frame)
            for left, right in join.on.items():
                self.column((*entry, "on"), left)
                self.own((*entry, "on"), joined, right)
            for column in [*join.where, *([join.latest] if join.latest else [])]:
                self.own(entry, joined, column)
            self.aliases[alias] = joined
        for column in self.obj.key:
            self.own((*self.entry, "key"), self.rows, column)
        for position, condition in enumerate(self.obj.select):
            self.column((*self.entry, "select", position), condition.column)
            if condition.reason.startswith("="):
                self.column((*self.entry, "select", position), condition.reason[1:])
        if self.obj.account == "patient":
            self.column((*self.entry, "patient"), self.obj.patient)
        self.links()
        for block, fields in (("fields", self.obj.fields), ("custom", self.obj.custom)):
            for name, field in fields.items():
                self.field((*self.entry, block, name), field, custom=block == "custom")
        self.marks()

    def frame(self, entry: tuple[str | int, ...], name: str) -> Table:
        if name not in FRAMES:
            raise self.file.error(entry, f"there is no frame {name}.", f"Use one of: {', '.join(FRAMES)}.")
        return FRAMES[name]

    def own(self, entry: tuple[str | int, ...], table: Table, name: str) -> Column:
        if name not in table.column_names:
            known = ", ".join(table.column_names)
            raise self.file.error(entry, f"{table.name} has no column {name}.", f"Use one of: {known}.")
        return table.column(name)

    def column(self, entry: tuple[str | int, ...], name: str) -> Column:
        alias, dot, column = name.partition(".")
        if not dot:
            return self.own(entry, self.rows, name)
        if alias not in self.aliases:
            known = ", ".join(self.aliases) or "none"
            raise self.file.error(entry, f"there is no join {alias}.", f"Add it under `join`; there are: {known}.")
        return self.own(entry, self.aliases[alias], column)

    def field(self, entry: tuple[str | int, ...], field: FieldMap, *, custom: bool) -> None:
        for name, transform in field.columns:
            column = self.column(entry, name)
            if field.choices:
                self.choices(entry, field, column)
            elif transform not in TRANSFORMS:
                raise self.file.error(
                    entry, f"there is no transform {transform}.", f"Use one of: {', '.join(TRANSFORMS)}."
                )
            elif column.kind not in TRANSFORMS[transform].accepts:
                right = [known for known, t in TRANSFORMS.items() if column.kind in t.accepts]
                problem = f"{name} is a {column.kind}, which `{transform}` cannot take."
                raise self.file.error(entry, problem, f"Use one of: {', '.join(right)}.")
        for name in field.shared_from:
            self.column(entry, name)
        for name in field.withheld_to:
            if name not in self.obj.custom:
                raise self.file.error(entry, f"{name} is no custom field of {self.name}.", "Name one that is.")
        if custom:
            self.custom(entry, field)

    def custom(self, entry: tuple[str | int, ...], field: FieldMap) -> None:
        if not field.label:
            raise self.file.error(entry, "a custom field needs a label.", "Add `label`, what people read in the CRM.")
        if (field.type == "choice") != bool(field.choices):
            raise self.file.error(entry, "`type: choice` and `choices` belong together.", "Give both, or neither.")
        if field.source and not field.choices and field.type not in TRANSFORMS[field.transform].makes:
            right = ", ".join(sorted(TRANSFORMS[field.transform].makes))
            problem = f"`{field.transform}` does not make a {field.type}."
            raise self.file.error(entry, problem, f"Use another transform, or one of the types: {right}.")

    def choices(self, entry: tuple[str | int, ...], field: FieldMap, column: Column) -> None:
        missing = [code for code in column.choices if code not in field.choices]
        unknown = [code for code in field.choices if code not in column.choices]
        # A condition on the same column can rule codes out, so that they need no label.
        ruled = {c.column: set(c.among) for c in self.obj.select if c.among}
        missing = [code for code in missing if code in ruled.get(field.source or "", {code})]
        if missing or unknown:
            problem = f"no label for {', '.join(missing)}." if missing else f"{', '.join(unknown)} is no code."
            raise self.file.error((*entry, "choices"), problem, f"The codes are: {', '.join(column.choices)}.")

    def links(self) -> None:
        order = list(self.mapping.objects)
        for name, link in self.obj.links.items():
            entry = (*self.entry, "links", name)
            self.column(entry, link.by)
            if link.object not in order[: order.index(self.name)]:
                problem = f"{link.object} does not stand before {self.name}."
                raise self.file.error(entry, problem, "Name an object further up: parents are loaded first.")
        if self.obj.account == "linked" and len(self.obj.key) != 1:
            problem = "an object with `account: linked` is named by one column."
            raise self.file.error((*self.entry, "key"), problem, "Use a frame with a key of one column.")

    def marks(self) -> None:
        names = [*self.obj.fields, *self.obj.custom, *self.obj.links]
        if self.obj.mark.field not in names:
            raise self.file.error((*self.entry, "mark"), f"{self.obj.mark.field} is no field.", "Name a mapped field.")
        split = self.obj.split
        if split and split.limit < SHORTEST_PART:
            problem = "in parts this short the marks would take more room than the text."
            raise self.file.error((*self.entry, "split", "limit"), problem, f"Use {SHORTEST_PART} or more.")
        if split and (self.obj.mark.text is None or split.field != self.obj.mark.field):
            problem = f"only the field whose text ends with the mark can be split, and {split.field} is not."
            raise self.file.error((*self.entry, "split"), problem, "Name the mark's field, and give the mark a `text`.")
