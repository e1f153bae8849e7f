"""Every frame a mapping may take values from, and the checks that a mapping file fits them."""

from __future__ import annotations

from pathlib import Path

from perio_pipeline.clinical import frames as clinical
from perio_pipeline.crm.packages import crm_package, is_crm
from perio_pipeline.files import frames as files
from perio_pipeline.mapping.model import (
    FILE_NAME,
    OWN,
    PLACEHOLDER,
    RICH,
    WAS,
    FieldMap,
    FileMap,
    Link,
    Mapping,
    ObjectMap,
    Select,
    Switched,
)
from perio_pipeline.mapping.switches import DATED, known_switches
from perio_pipeline.mapping.templates import misuse
from perio_pipeline.mapping.transforms import TRANSFORMS
from perio_pipeline.panda.canonical import Column, Kind, Table
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.validation.frames import DERIVED
from perio_pipeline.yamlfile import YamlFile, remembered

FRAMES: dict[str, Table] = {
    **{f"validated/{name}": table for name, table in TABLES.items()},
    **{f"validated/{table.name}": table for table in DERIVED},
    **{f"clinical/{name}": table for name, table in clinical.FRAMES.items()},
    **{f"files/{kind}": source.table for kind, source in files.SOURCES.items()},
    f"{OWN}/{files.SENT.name}": files.SENT,
    f"{OWN}/{files.VISIT_HISTORY.name}": files.VISIT_HISTORY,
}
"""Asset key → columns of every frame that can be mapped."""

OWN_FINDINGS = f"clinical/{clinical.PRACTICE_FINDINGS.name}"
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
    if not is_crm(mapping.destination):
        raise file.error(("destination",), f"there is no adapter for {mapping.destination}.", "Name a folder in crm/.")
    switches = known_switches(crm_package(mapping.destination))
    for name, obj in mapping.objects.items():
        _Check(file, mapping, switches, name, obj).all()
    return mapping


class _Check:
    """The checks of one object; each raises at the entry that is wrong."""

    def __init__(self, file: YamlFile, mapping: Mapping, switches: tuple[str, ...], name: str, obj: ObjectMap) -> None:
        self.file, self.mapping, self.switches, self.name, self.obj = file, mapping, switches, name, obj
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
        if self.obj.findings and self.obj.findings != OWN_FINDINGS:
            problem = f"{self.obj.findings} is no frame of the practice's own findings."
            raise self.file.error((*self.entry, "findings"), problem, f"Use {OWN_FINDINGS}.")
        for column in self.obj.key:
            self.own((*self.entry, "key"), self.rows, column)
        self.switched(self.entry, self.obj)
        for position, condition in enumerate(self.obj.select):
            self.condition((*self.entry, "select", position), condition)
        if self.obj.account == "patient":
            self.column((*self.entry, "patient"), self.obj.patient)
        if self.obj.order:
            self.column((*self.entry, "order"), self.obj.order)
        self.links()
        for block, fields in (("fields", self.obj.fields), ("custom", self.obj.custom)):
            for name, field in fields.items():
                self.field((*self.entry, block, name), field, custom=block == "custom")
        if self.obj.file is not None:
            self.attachment(self.obj.file)
        self.marks()
        self.gathered()
        self.matches()
        self.deletions()

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

    def switched(self, entry: tuple[str | int, ...], switched: Switched) -> None:
        for key, name in (("needs", switched.needs), ("unless", switched.unless)):
            if name and name not in self.switches:
                problem = f"there is no switch {name}."
                raise self.file.error((*entry, key), problem, f"Use one of: {', '.join(self.switches)}.")

    def condition(self, entry: tuple[str | int, ...], condition: Select) -> None:
        column = self.column(entry, condition.column)
        if condition.reason.startswith("="):
            self.column(entry, condition.reason[1:])
        for key, name in (("since", condition.since), ("before", condition.before)):
            if name and name not in DATED:
                raise self.file.error((*entry, key), f"{name} is no switch with a date.", f"Use: {', '.join(DATED)}.")
            if name and column.kind not in (Kind.DATE, Kind.DATETIME):
                problem = f"{condition.column} is a {column.kind}, which has no day."
                raise self.file.error(entry, problem, "Name a column of dates or times.")

    def follows(self, entry: tuple[str | int, ...], user: Switched, used: Switched, name: str) -> None:
        """What is used must be there wherever its user is."""
        conditions = {("needs", used.needs), ("unless", used.unless)}
        met = {("needs", user.needs), ("unless", user.unless), ("needs", self.obj.needs), ("unless", self.obj.unless)}
        unmet = [f"`{key}: {switch}`" for key, switch in sorted(conditions - met) if switch]
        if unmet:
            problem = f"{name} is not there for every practice."
            raise self.file.error(entry, problem, f"Give this entry {' and '.join(unmet)} as well.")

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
        self.switched(entry, field)
        self.format(entry, field)
        for name in field.shared_from:
            self.column(entry, name)
        for name in field.withheld_to:
            if name not in self.obj.custom:
                raise self.file.error(entry, f"{name} is no custom field of {self.name}.", "Name one that is.")
            self.follows(entry, field, self.obj.custom[name], name)
        if field.each and self.obj.gather is None:
            raise self.file.error(entry, "`each` belongs to an object with `gather`.", "Add `gather`, or remove it.")
        if custom:
            self.custom(entry, field)

    def format(self, entry: tuple[str | int, ...], field: FieldMap) -> None:
        html = field.format == "html"
        if field.template is None and html != (field.transform == RICH):
            problem = f"`format: html` and `as: {RICH}` belong together where there is no template."
            raise self.file.error(entry, problem, "Give both, or neither.")
        for key in ("template", "each"):
            template = getattr(field, key)
            wrong = None if template is None else misuse(template, html=html)
            if wrong:
                remedy = "Mend the template." if html else "Add `format: html`, or use another transform."
                raise self.file.error((*entry, key), f"{wrong}.", remedy)

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
            self.switched(entry, link)
            self.follows(entry, link, self.mapping.objects[link.object], link.object)
            if link.through:
                self.through(entry, link)
        if self.obj.account == "linked" and len(self.obj.key) != 1:
            problem = "an object with `account: linked` is named by one column."
            raise self.file.error((*self.entry, "key"), problem, "Use a frame with a key of one column.")

    def attachment(self, attached: FileMap) -> None:
        entry = (*self.entry, "file")
        for name, field in attached.fields().items():
            if name in self.obj.fields:
                raise self.file.error((*self.entry, "fields", name), "`file` fills it.", "Remove this entry.")
            self.field((*entry, "name" if name == FILE_NAME else name), field, custom=False)
        for key in ("path", "content_type"):
            self.column((*entry, key), getattr(attached, key))
        if self.obj.mark.field != FILE_NAME or self.obj.mark.text is None or self.obj.split is not None:
            problem = "a file is found again by its name, and cannot be split."
            raise self.file.error(
                (*self.entry, "mark"), problem, f"Write `mark: {{field: {FILE_NAME}, text: ...}}`, without `split`."
            )

    def through(self, entry: tuple[str | int, ...], link: Link) -> None:
        between = self.obj.links.get(link.through)
        others = self.mapping.objects[between.object].links.values() if between else ()
        if not any(other.object == link.object for other in others):
            problem = f"{link.through} is no link of {self.name} to an object that is linked to {link.object}."
            raise self.file.error((*entry, "through"), problem, "Name a link whose object has a link to it.")

    def marks(self) -> None:
        entries: dict[str, FieldMap | Link] = {**dict(self.obj.all_fields()), **self.obj.links}
        marked = self.obj.mark.field
        if marked not in entries:
            raise self.file.error((*self.entry, "mark"), f"{marked} is no field.", "Name a mapped field.")
        self.follows((*self.entry, "mark"), self.obj, entries[marked], marked)
        split = self.obj.split
        if split and split.limit < SHORTEST_PART:
            problem = "in parts this short the marks would take more room than the text."
            raise self.file.error((*self.entry, "split", "limit"), problem, f"Use {SHORTEST_PART} or more.")
        if split and (self.obj.mark.text is None or split.field != self.obj.mark.field):
            problem = f"only the field whose text ends with the mark can be split, and {split.field} is not."
            raise self.file.error((*self.entry, "split"), problem, "Name the mark's field, and give the mark a `text`.")

    def gathered(self) -> None:
        if self.obj.gather is None:
            return
        entry = (*self.entry, "gather")
        for name, transform in self.obj.gather.parts:
            column = self.column((*entry, "by"), name)
            if transform not in TRANSFORMS or column.kind not in TRANSFORMS[transform].accepts:
                raise self.file.error((*entry, "by"), f"`{transform}` cannot take {name}.", "Use another transform.")
        for name in self.obj.gather.order:
            self.column((*entry, "order"), name)
        holes = {(name, transform or "text") for name, transform in PLACEHOLDER.findall(self.obj.mark.text or "")}
        if not set(self.obj.gather.parts) <= holes:
            problem = f"its text does not name what the rows have in common: {', '.join(self.obj.gather.by)}."
            raise self.file.error((*self.entry, "mark"), problem, "Name all of it, so that a record is found by it.")
        for name, link in self.obj.links.items():
            if link.by not in [column for column, _ in self.obj.gather.parts]:
                problem = f"the rows of one record may differ in {link.by}."
                raise self.file.error((*self.entry, "links", name), problem, "Link by what they have in common.")

    def deletions(self) -> None:
        fields, entry = {**self.obj.fields, **self.obj.custom}, (*self.entry, "deleted")
        for name, text in self.obj.deleted.items():
            if name not in fields:
                known = ", ".join(fields)
                raise self.file.error((*entry, name), f"{self.name} has no such field.", f"Use one of: {known}.")
            if WAS in text and (fields[name].choices or fields[name].value is not None):
                raise self.file.error(
                    (*entry, name), f"the field holds no text that {WAS} stands for.", "Name a value."
                )
        if self.obj.deleted and (self.obj.gather or self.obj.rows.removeprefix("validated/") not in TABLES):
            problem = "its records are made of several of PANDA's, and none of them is deleted with one."
            raise self.file.error(entry, problem, "Leave it out: such records are only reported.")

    def matches(self) -> None:
        alike = [obj for obj in self.mapping.objects.values() if obj.model == self.obj.model]
        known = {name for obj in alike for name, _ in obj.all_fields()}
        for role, fields in self.obj.match.roles.items() if self.obj.match else ():
            for name in fields:
                if name not in known:
                    entry = (*self.entry, "match", role)
                    raise self.file.error(entry, f"{name} is no field of {self.obj.model}.", "Name a mapped field.")
