"""The field definitions of one module, laid out for the checks that every write makes."""

from collections.abc import Iterable

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.natives import natives_of


class FieldSet:
    """Definitions by name, and those that are required, unique or dates; made anew when a definition changes."""

    def __init__(self, entity: str, definitions: Iterable[Json]) -> None:
        self.by_name: dict[str, Json] = {field["name"]: field for field in definitions}
        self.custom = {name: field for name, field in self.by_name.items() if field["custom"]}
        self.required = [field for field in self.by_name.values() if field["required"]]
        self.unique = [field for field in self.by_name.values() if field["field_options"]["unique"]]
        self.dates = [name for name, field in self.custom.items() if field["type"] == "date"]
        self.natives = natives_of(entity)
        self.hidden = frozenset(native.name for native in self.natives if native.hidden)
        self.empty: Json = {native.name: None for native in self.natives if not native.hidden}
        self.empty_custom: Json = dict.fromkeys(self.custom)
