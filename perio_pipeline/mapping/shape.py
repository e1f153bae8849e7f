"""Shaped frames: canonical frames in the form a destination object takes, one row per record to load.

Columns of a shaped frame:
    source_key  str  the record's key in PANDA; `key#2`, `key#3` for the further parts of a long text
    account     str  the practice's name of the CRM account it goes to
    mark        str  the text that names the record in the CRM
    problem     str  why the record cannot be loaded as it is (field and rule, no value); null for most
    gathered    Int64  how many rows the record is made of; only for objects with `gather`
    file.path, file.content_type  str  for objects of files: where the file lies and what it is
    one column per mapped field (str, Float64 or boolean), and `link.<field>` with the linked record's source key (str)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perio_pipeline.files.frames import ENDINGS
from perio_pipeline.mapping.gather import BETWEEN, Records, records_of
from perio_pipeline.mapping.model import FILE_NAME, FieldMap, Mapping, ObjectMap
from perio_pipeline.mapping.parts import with_marks
from perio_pipeline.mapping.rows import Frames, Router, build_rows
from perio_pipeline.mapping.templates import RENDER
from perio_pipeline.mapping.transforms import TRANSFORMS, Locale
from perio_pipeline.panda.frames import TEXT

FILE_PATH, FILE_TYPE = "file.path", "file.content_type"
_NOT_IN_NAMES = re.compile(r"""[\x00-\x1f"'*/:<>?\\|&$+,;=@\[\]{}^~%#`]""")
"""What file names cannot hold on some system, and what services that take files are known to replace."""

Cells = Any  # a pandas Series; its type parameters add nothing here


@dataclass(frozen=True)
class Shaped:
    """What one object sends, and what it leaves out and why (source_key, category, reason)."""

    frame: pd.DataFrame
    left_out: pd.DataFrame


def shape(name: str, mapping: Mapping, frames: Frames, router: Router, locale: Locale) -> Shaped:
    """Shape one destination object from canonical frames.

    Args:
        name: the object in the mapping.
        mapping: the destination's mapping.
        frames: every frame the mapping names, by asset key.
        router: patients to accounts.
        locale: country and zone of the values.
    """
    obj = mapping.objects[name]
    rows = build_rows(name, mapping, frames, router)
    records = records_of(obj, rows.frame, locale)
    shaped = pd.DataFrame({"source_key": records.source_key, "account": records.heads["account"]}).astype(TEXT)
    shaped["mark"] = _marks(obj, records.heads, locale)
    shaped["problem"] = pd.Series([None] * len(shaped), dtype=TEXT)
    if obj.gather:
        shaped["gathered"] = records.count()
    for field_name, field in obj.all_fields():
        shaped[field_name] = _of_records(field, records, locale)
    for link_name, link in mapping.relations(name).items():
        shaped[f"link.{link_name}"] = records.heads[link.by].astype(TEXT)
    if obj.file is not None:
        shaped[FILE_PATH] = records.heads[obj.file.path].astype(TEXT)
        shaped[FILE_TYPE] = records.heads[obj.file.content_type].astype(TEXT)
        shaped[FILE_NAME] = _file_names(shaped)
    shaped = with_marks(obj, shaped)
    return Shaped(shaped.assign(problem=_problems(obj, shaped)), rows.left_out)


def _of_records(field: FieldMap, records: Records, locale: Locale) -> Cells:
    values = field_values(field, records.heads, locale)
    if field.each is None:
        return values
    below = records.together(RENDER[field.format](field.each, records.rows, locale))
    return values.str.cat(below, sep=BETWEEN, na_rep="").str.strip().astype(TEXT)


def field_values(field: FieldMap, rows: pd.DataFrame, locale: Locale) -> Cells:
    """Compute one destination field for all rows."""
    if field.value is not None:
        kind = "boolean" if isinstance(field.value, bool) else TEXT
        return pd.Series([field.value] * len(rows), index=rows.index, dtype=kind)
    if field.template is not None:
        return RENDER[field.format](field.template, rows, locale)
    source = rows[field.source]
    if field.choices:
        labels = source.map(field.choices).astype(TEXT)
        return labels.mask(labels == "")
    if field.plus_minutes:
        source = source + pd.to_timedelta(rows[field.plus_minutes].fillna(0).astype("int64"), unit="min")
    made = TRANSFORMS[field.transform].apply(source, locale)
    return made if field.otherwise is None else made.fillna(field.otherwise)


def _marks(obj: ObjectMap, rows: pd.DataFrame, locale: Locale) -> Cells:
    if obj.mark.text is not None:
        return RENDER["text"](obj.mark.text, rows, locale)
    field = dict(obj.all_fields()).get(obj.mark.field)
    return field_values(field, rows, locale) if field else rows[obj.links[obj.mark.field].by].astype(TEXT)


def _file_names(shaped: pd.DataFrame) -> Cells:
    """Names of one line that any system takes, with the mark before the ending, so that the file is found by it."""
    endings = shaped[FILE_TYPE].map(ENDINGS).fillna("")
    plain = shaped[FILE_NAME].fillna("").str.replace(_NOT_IN_NAMES, " ", regex=True).str.split().str.join(" ")
    return ((plain + " " + shaped["mark"]).str.strip() + endings).astype(TEXT)


def _problems(obj: ObjectMap, shaped: pd.DataFrame) -> Cells:
    """Name the first reason why a record would be refused, before anything is sent."""
    problem = shaped["problem"]
    if obj.file is not None:
        unusable = shaped["mark"].str.contains(_NOT_IN_NAMES, regex=True).fillna(False)
        problem = problem.mask(problem.isna() & unusable, "its key holds characters that no file name may hold")
    for name, field in obj.all_fields():
        if field.limit is not None:
            too_long = shaped[name].str.len().fillna(0) > field.limit
            problem = problem.mask(problem.isna() & too_long, f"{name} is longer than {field.limit} characters")
    for name, link in obj.links.items():
        if link.required:
            problem = problem.mask(
                problem.isna() & shaped[f"link.{name}"].isna(), f"no {link.object} record to link to"
            )
    return problem
