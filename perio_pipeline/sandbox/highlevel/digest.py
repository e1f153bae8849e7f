"""One hash over everything a sandbox holds, the same for the same content however it came there.

Ids and timestamps are the server's own and differ between two equal loads; references are replaced by what they
point at, and the rest is compared as sets.
"""

import hashlib
import json
from typing import Any

from perio_pipeline.sandbox.highlevel.state import LocationState, Sandbox
from perio_pipeline.sandbox.highlevel.store import Json

VOLATILE = frozenset(
    {
        "id",
        "uuid",
        "url",
        "fieldname",
        "position",
        "dateAdded",
        "dateUpdated",
        "createdAt",
        "updatedAt",
        "lastStatusChangeAt",
        "lastStageChangeAt",
    }
)
# Kinds in the order in which labels become known: a record may point at any kind before its own.
KINDS = ("user", "business", "customField", "pipeline", "calendar", "tag", "contact")
DEPENDENT = ("note", "task", "opportunity", "appointment")


def state_digest(sandbox: Sandbox) -> str:
    """SHA-256 over the business data of all locations."""
    content = {location_id: _content(location) for location_id, location in sandbox.locations.items()}
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _content(location: LocationState) -> dict[str, list[str]]:
    labels: dict[str, str] = {record["id"]: record["sha256"] for record in location["file"]}
    content: dict[str, list[str]] = {}
    for kind in KINDS:
        texts = {record["id"]: _canonical(_normal(record, labels)) for record in location[kind]}
        content[kind] = sorted(texts.values())
        labels |= {record_id: hashlib.sha256(text.encode()).hexdigest() for record_id, text in texts.items()}
        for pipeline in location["pipeline"] if kind == "pipeline" else ():
            labels |= {stage["id"]: f"{labels[pipeline['id']]}/{stage['name']}" for stage in pipeline["stages"]}
    for kind in DEPENDENT:
        content[kind] = sorted(_canonical(_normal(record, labels)) for record in location[kind])
    return content


def _normal(value: Any, labels: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_normal(item, labels) for item in value]
    if not isinstance(value, dict):
        return labels.get(value, value) if isinstance(value, str) else value
    if value and all(isinstance(item, dict) and "documentId" in item for item in value.values()):
        return sorted(_canonical(_normal(item, labels)) for item in value.values())
    return {labels.get(name, name): _normal(item, labels) for name, item in value.items() if name not in VOLATILE}


def _canonical(value: Json | Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
