"""One hash over everything a HighLevel sandbox holds."""

from collections.abc import Mapping

from perio_pipeline.sandbox.common.digest import Labels, canonical, described, sha256
from perio_pipeline.sandbox.common.state import BaseLocation
from perio_pipeline.sandbox.common.store import Json

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
# In the order in which labels become known: a record may point at any kind before its own.
KINDS = ("user", "business", "customField", "pipeline", "calendar", "tag", "contact")
DEPENDENT = ("note", "task", "opportunity", "appointment")


def state_digest(locations: Mapping[str, BaseLocation]) -> str:
    """SHA-256 over the business data of all locations."""
    return sha256(canonical({location_id: _content(location) for location_id, location in locations.items()}))


def _content(location: BaseLocation) -> dict[str, list[str]]:
    labels: Labels = {record["id"]: record["sha256"] for record in location["file"]}
    content: dict[str, list[str]] = {}
    for kind in KINDS + DEPENDENT:
        content[kind] = described(map(_without_document_keys, location[kind]), labels, VOLATILE)
        for pipeline in location["pipeline"] if kind == "pipeline" else ():
            labels |= {stage["id"]: f"{labels[pipeline['id']]}/{stage['name']}" for stage in pipeline["stages"]}
    return content


def _without_document_keys(record: Json) -> Json:
    """File values are keyed by the server's own uuids; what counts is the set of documents."""
    values = record.get("customFields")
    if not values:
        return record
    return {**record, "customFields": {name: _documents(value) for name, value in values.items()}}


def _documents(value: object) -> object:
    if isinstance(value, dict) and all(isinstance(item, dict) and "documentId" in item for item in value.values()):
        return sorted(value.values(), key=lambda item: canonical(item["meta"]["originalname"]))
    return value
