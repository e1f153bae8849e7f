"""Opportunities: create, update, status, upsert, read, delete (section 4)."""

from datetime import UTC, datetime
from typing import Any

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation
from perio_pipeline.sandbox.highlevel.values import LISTS, NUMBERS, merged_custom_fields


def create(call: Call) -> Reply:
    """POST /opportunities/."""
    call.find("contact", call.body["contactId"])
    return Reply({"opportunity": shown(call, _created(call, call.body))}, 201)


def update(call: Call) -> Reply:
    """PUT /opportunities/{id}."""
    opportunity = _changed(call, call.find("opportunity", call.params["id"]), call.body)
    return Reply({"opportunity": shown(call, opportunity)})


def set_status(call: Call) -> Reply:
    """PUT /opportunities/{id}/status."""
    _changed(call, call.find("opportunity", call.params["id"]), call.body)
    return Reply({"succeded": True})


def upsert(call: Call) -> Reply:
    """POST /opportunities/upsert: by id, else by contact and pipeline."""
    own = ("followers", "isRemoveAllFollowers", "followersActionType", "id", "locationId")
    body = {name: value for name, value in call.body.items() if name not in own}
    if call.body.get("id"):
        target: Json | None = call.find("opportunity", call.body["id"])
    else:
        contact = call.find("contact", str(body.get("contactId")))
        same = _of_contact(call, contact["id"], body["pipelineId"])
        target = same[0] if same else None
    if target is not None:
        changes = {name: value for name, value in body.items() if name != "contactId"}
        return Reply({"opportunity": shown(call, _changed(call, target, changes)), "new": False})
    created = _created(call, {"status": "open", "name": "", **body})
    return Reply({"opportunity": shown(call, created), "new": True})


def read(call: Call) -> Reply:
    """GET /opportunities/{id}."""
    return Reply({"opportunity": shown(call, call.find("opportunity", call.params["id"]))})


def delete(call: Call) -> Reply:
    """DELETE /opportunities/{id}."""
    call.location.delete("opportunity", call.find("opportunity", call.params["id"], deleting=True)["id"])
    return Reply({"succeded": True})


def _created(call: Call, body: Json) -> Json:
    contact_id, pipeline_id = str(body["contactId"]), str(body["pipelineId"])
    _check_duplicate(call, contact_id, pipeline_id, "")
    now = call.now()
    stage = _stage(call, pipeline_id, body.get("pipelineStageId"))
    return call.location.put(
        "opportunity",
        {
            **body,
            "id": call.sandbox.ids.short(),
            "locationId": call.location.config.id,
            "pipelineStageId": stage,
            "customFields": merged_custom_fields(call, "opportunity", {}, body.get("customFields", [])),
            "createdAt": now,
            "updatedAt": now,
            "lastStatusChangeAt": now,
            "lastStageChangeAt": now,
        },
    )


def _changed(call: Call, opportunity: Json, body: Json) -> Json:
    now = call.now()
    pipeline = str(body.get("pipelineId", opportunity["pipelineId"]))
    moved = pipeline != opportunity["pipelineId"]
    if moved:
        _check_duplicate(call, opportunity["contactId"], pipeline, opportunity["id"])
    stage = _stage(call, pipeline, body.get("pipelineStageId") or (None if moved else opportunity["pipelineStageId"]))
    changed = {**opportunity, **body, "pipelineStageId": stage, "updatedAt": now}
    fields = merged_custom_fields(call, "opportunity", opportunity["customFields"], body.get("customFields", []))
    if changed.get("status") != opportunity.get("status"):
        changed["lastStatusChangeAt"] = now
    if stage != opportunity["pipelineStageId"]:
        changed["lastStageChangeAt"] = now
    return call.location.put("opportunity", {**changed, "customFields": fields})


def _stage(call: Call, pipeline_id: str, stage_id: str | None) -> str:
    """The stage asked for, which must be the pipeline's, or its first."""
    stages = [str(stage["id"]) for stage in call.find("pipeline", pipeline_id)["stages"]]
    if stage_id is None and stages:
        return stages[0]
    if stage_id not in stages:
        raise bad_request("The pipeline stage does not belong to the pipeline.")
    return str(stage_id)


def _of_contact(call: Call, contact_id: str, pipeline_id: str) -> list[Json]:
    opportunities = call.location["opportunity"].by("contactId", contact_id)
    return [opportunity for opportunity in opportunities if opportunity["pipelineId"] == pipeline_id]


def _check_duplicate(call: Call, contact_id: str, pipeline_id: str, own_id: str) -> None:
    if call.location.config.allow_duplicate_opportunity:
        return
    for other in _of_contact(call, contact_id, pipeline_id):
        counts = call.behaviour.closed_opportunity_counts_as_duplicate or other.get("status") == "open"
        if counts and other["id"] != own_id:
            raise bad_request(
                "Can not create duplicate opportunity for the contact.",
                code="OPPORTUNITY_NO_DUPLICATE",
                meta={"existingId": other["id"]},
                error="Bad Request",
            )


def shown(call: Call, opportunity: Json) -> Json:
    """An opportunity as live accounts answer it, custom fields in their typed shape (#87)."""
    fields = []
    for field_id, value in opportunity["customFields"].items():
        field = call.location["customField"].get(field_id)
        if field is not None:
            fields.append({"id": field_id, **_typed(call, field["dataType"], value)})
    return {**opportunity, "customFields": fields}


def _typed(call: Call, data_type: str, value: Any) -> Json:
    if data_type in NUMBERS:
        return {"type": "number", "fieldValueNumber": value}
    if data_type in LISTS:
        return {"type": "array", "fieldValueArray": value}
    if data_type == "DATE":
        if call.behaviour.opportunity_date_shape == "epoch_ms":
            value = int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() * 1000)
        return {"type": "date", "fieldValueDate": value}
    if isinstance(value, dict):
        return {"type": "file", "fieldValueFiles": value}
    return {"type": "string", "fieldValueString": value}


READ, WRITE = "opportunities.readonly", "opportunities.write"
OPERATIONS = (
    Operation("POST", "/opportunities/", WRITE, create, dto="create-opportunity"),
    Operation("POST", "/opportunities/upsert", WRITE, upsert, dto="upsert-opportunity"),
    Operation("GET", "/opportunities/{id}", READ, read),
    Operation("PUT", "/opportunities/{id}", WRITE, update, dto="update-opportunity"),
    Operation("PUT", "/opportunities/{id}/status", WRITE, set_status, dto="opportunity-status"),
    Operation("DELETE", "/opportunities/{id}", WRITE, delete),
)
