"""Pipelines and their stages (section 5). Writing needs the scope pipelines.create."""

from collections import Counter

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import bad_request, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation
from perio_pipeline.sandbox.highlevel.ids import IdSource
from perio_pipeline.sandbox.highlevel.state import LocationState

STAGE_PROPERTIES = frozenset({"id", "name", "position", "showInFunnel", "showInPieChart", "stageWinProbability"})


def new_pipeline(location: LocationState, ids: IdSource, body: Json) -> Json:
    """Make a pipeline of a create body and store it."""
    shown = {"showInFunnel": body.get("showInFunnel", True), "showInPieChart": body.get("showInPieChart", True)}
    pipeline = {"id": ids.short(), "name": body["name"], "locationId": location.config.id, **shown}
    return location.put("pipeline", {**pipeline, "stages": _stages(ids, body["stages"], {})})


def _stages(ids: IdSource, stages: list[Json], known: dict[str, Json]) -> list[Json]:
    made = []
    for position, stage in enumerate(stages):
        kept = known.get(str(stage.get("id")), {"id": ids.uuid(), "showInFunnel": True, "showInPieChart": True})
        given = {name: value for name, value in stage.items() if name != "id"}
        made.append({"position": position, **kept, **given})
    return sorted(made, key=lambda stage: int(stage["position"]))


def listed(call: Call) -> Reply:
    """GET /opportunities/pipelines."""
    return Reply({"pipelines": list(call.location["pipeline"])})


def read(call: Call) -> Reply:
    """GET /opportunities/pipelines/{id}."""
    return Reply(call.find("pipeline", call.params["id"]))


def create(call: Call) -> Reply:
    """POST /opportunities/pipelines: names are unique, whatever their case."""
    _check_stages(call.body["stages"])
    _check_name(call, call.body["name"], "")
    return Reply(new_pipeline(call.location, call.sandbox.ids, call.body), call.behaviour.pipeline_create_status)


def update(call: Call) -> Reply:
    """PUT /opportunities/pipelines/{id}: stages replace the old ones; those with a known id stay."""
    pipeline = call.find("pipeline", call.params["id"])
    written = dict(call.body)
    if "name" in written:
        _check_name(call, written["name"], pipeline["id"])
    if "stages" in written:
        _check_stages(written["stages"])
        known = {stage["id"]: stage for stage in pipeline["stages"]}
        written["stages"] = _stages(call.sandbox.ids, written["stages"], known)
    return Reply(call.location.put("pipeline", {**pipeline, **written}))


def delete(call: Call) -> Reply:
    """DELETE /opportunities/pipelines/{id}: for good, with its opportunities."""
    pipeline = call.find("pipeline", call.params["id"], deleting=True)
    for opportunity in call.location["opportunity"].by("pipelineId", pipeline["id"]):
        call.location.delete("opportunity", opportunity["id"])
    call.location.delete("pipeline", pipeline["id"])
    return Reply({"succeded": True})


def _check_name(call: Call, name: str, own_id: str) -> None:
    others = (pipeline for pipeline in call.location["pipeline"] if pipeline["id"] != own_id)
    if any(pipeline["name"].lower() == name.lower() for pipeline in others):
        raise bad_request("Pipeline with this name already exists")


def _check_stages(stages: list[Json]) -> None:
    unknown = sorted({name for stage in stages for name in stage} - STAGE_PROPERTIES)
    if unknown:
        raise unprocessable(*(f"property {name} should not exist" for name in unknown))
    if any(not isinstance(stage.get("name"), str) or not stage["name"] for stage in stages):
        raise unprocessable("stage name should not be empty")
    if max(Counter(stage["name"] for stage in stages).values(), default=1) > 1:
        raise bad_request("Stage names must be unique")


READ, WRITE = "opportunities.readonly", "pipelines.create"
ROOT = "/opportunities/pipelines"
OPERATIONS = (
    Operation("GET", ROOT, READ, listed, required_query=("locationId",)),
    Operation("POST", ROOT, WRITE, create, dto="create-pipeline"),
    Operation("GET", f"{ROOT}/{{id}}", READ, read),
    Operation("PUT", f"{ROOT}/{{id}}", WRITE, update, dto="update-pipeline"),
    Operation("DELETE", f"{ROOT}/{{id}}", WRITE, delete),
)
