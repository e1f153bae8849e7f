"""The people with a login in the location (section 9). Read only: creating users gives real logins."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation, page
from perio_pipeline.sandbox.highlevel.ids import IdSource
from perio_pipeline.sandbox.highlevel.state import LocationState


def new_user(location: LocationState, ids: IdSource, name: str, email: str) -> Json:
    """Make a user and store it."""
    first, _, last = name.partition(" ")
    roles = {"type": "account", "role": "user", "locationIds": [location.config.id]}
    user = {"id": ids.short(), "name": name, "firstName": first, "lastName": last, "email": email.lower()}
    return location.put("user", {**user, "roles": roles, "permissions": {}})


def listed(call: Call) -> Reply:
    """GET /users/."""
    return Reply({"users": list(call.location["user"])})


def search(call: Call) -> Reply:
    """GET /users/search."""
    if call.query["companyId"] != call.location.config.company_id:
        raise bad_request("The token does not have access to this company.", 403)
    text = call.query.get("query", "").lower()
    found = [user for user in call.location["user"] if text in f"{user['name']} {user['email']}".lower()]
    return Reply({"users": page(found, call.query, 25, 100), "count": len(found)})


def read(call: Call) -> Reply:
    """GET /users/{userId}; flat."""
    return Reply(call.find("user", call.params["userId"]))


READ = "users.readonly"
OPERATIONS = (
    Operation("GET", "/users/", READ, listed, required_query=("locationId",)),
    Operation("GET", "/users/search", READ, search, required_query=("companyId",)),
    Operation("GET", "/users/{userId}", READ, read),
)
