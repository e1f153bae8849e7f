"""Fills a location, the first time the sandbox sees it, with what its configuration says it holds."""

from perio_pipeline.sandbox.highlevel.calendars import new_calendar
from perio_pipeline.sandbox.highlevel.custom_fields import new_field
from perio_pipeline.sandbox.highlevel.pipelines import new_pipeline
from perio_pipeline.sandbox.highlevel.state import LocationState, Sandbox
from perio_pipeline.sandbox.highlevel.users import new_user


def populate(sandbox: Sandbox) -> None:
    """Fill every location that has not been filled before; a restart changes nothing."""
    for location in sandbox.locations.values():
        if not len(location["seeded"]):
            _fill(sandbox, location)
            location.put("seeded", {"id": location.config.id})
    sandbox.commit()


def _fill(sandbox: Sandbox, location: LocationState) -> None:
    ids, config = sandbox.ids, location.config
    users = {user.email.lower(): new_user(location, ids, user.name, user.email)["id"] for user in config.users}
    for pipeline in config.pipelines:
        stages = [{"name": name} for name in pipeline.stages]
        new_pipeline(location, ids, {"name": pipeline.name, "stages": stages})
    for field in config.custom_fields:
        body = {"name": field.name, "dataType": field.dataType, "model": field.model, "options": list(field.options)}
        new_field(location, ids, sandbox.behaviour, body)
    for calendar in config.calendars:
        members = [{"userId": users[email.lower()], "priority": 0.5} for email in calendar.team_emails]
        new_calendar(location, ids, {"name": calendar.name, "teamMembers": members})
