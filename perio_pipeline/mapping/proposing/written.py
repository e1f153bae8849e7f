"""A proposal as a bindings file: complete and valid, with the score and the reasons beside each entry."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from perio_pipeline.mapping.proposing.model import Confidence, FieldProposal, Proposal, TableProposal

REVIEW = "PLEASE CHECK"
"""What stands beside an entry that a person has to look at."""

WIDTH = 1_000_000
"""Lines are never broken: ruamel.yaml also breaks keys, such as codes of several words, which is no YAML any more."""


def bindings_text(proposal: Proposal) -> str:
    """Return the text of a bindings file; required fields that nothing was found for are named in comments."""
    tables, absent = CommentedMap(), []
    for table in proposal.tables:
        if table.table is None or any(each.required and each.binding is None for each in table.fields):
            absent.append(table.canonical)
        else:
            tables[table.canonical] = _table(table)
            tables.yaml_set_comment_before_after_key(table.canonical, before="\n" + _heading(table), indent=2)
    whole = CommentedMap(source=f"PANDA Perio of {proposal.practice}, as proposed", tables=tables)
    if absent:
        whole["absent"] = absent
        whole.yaml_set_comment_before_after_key("absent", before=f"\n{REVIEW}: no table was found for these.")
    text = StringIO()
    yaml = YAML()
    yaml.width = WIDTH
    yaml.dump(whole, text)
    return _HEAD.format(practice=proposal.practice) + text.getvalue()


_HEAD = """# How the database of practice {practice} is bound, as the machine proposes it. Above each entry stand how
# sure it is, its score from 0 to 1, and the reasons. A person looks at every entry, first at those with PLEASE CHECK.
# The grammar is in the head of panda.yaml.
"""


def _heading(table: TableProposal) -> str:
    check = "" if table.confidence in (Confidence.STRONG, Confidence.LIKELY) else f"{REVIEW}: "
    return f"{check}{table.confidence} {table.score:.2f}: {'; '.join(table.reasons)}"


def _table(table: TableProposal) -> CommentedMap:
    columns = CommentedMap()
    for field in table.fields:
        if field.binding is not None:
            columns[field.field] = _plain(field.binding)
            columns.yaml_set_comment_before_after_key(field.field, before=_comment(field), indent=6)
    unbound = [field.field for field in table.fields if field.binding is None]
    entry = CommentedMap(table=table.table, **{name: _plain(value) for name, value in table.structure.items()})
    entry["columns"] = columns
    if unbound:
        entry.yaml_set_comment_before_after_key(
            "columns", before=f"{REVIEW}: nothing found for {', '.join(unbound)}", indent=4
        )
    return entry


def _comment(field: FieldProposal) -> str:
    check = f"{REVIEW}: " if field.confidence in (Confidence.WEAK, Confidence.NONE) else ""
    unknown = [each.code for each in field.codes if each.target is None]
    codes = f"; no meaning found for {', '.join(unknown)}" if unknown else ""
    return f"{check}{field.confidence} {field.score:.2f}: {'; '.join(field.reasons)}{codes}"


def _plain(value: Any) -> Any:
    """Texts that YAML 1.1 would take for something else stand in quotes."""
    if isinstance(value, dict):
        made = CommentedMap({_plain(key): _plain(each) for key, each in value.items()})
        made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str) and value.lower() in ("y", "n", "yes", "no", "on", "off", "true", "false", ""):
        return DoubleQuotedScalarString(value)
    return value
