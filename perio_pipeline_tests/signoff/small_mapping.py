"""A mapping that fits on a page and uses everything a mapping can say."""

from __future__ import annotations

from perio_pipeline.mapping.model import Mapping

IDENTITY_JOIN = {"identity": {"frame": "validated/patient_identity", "on": {"patient_id": "patient_id"}}}
LOADED = {"column": "identity.disposition", "among": ["load"], "reason": "patient_not_loaded"}
TO_CONTACT = {"contactId": {"object": "contacts", "by": "patient_id"}}

MAPPING = Mapping.model_validate(
    {
        "destination": "test",
        "objects": {
            "contacts": {
                "requirement": "H1",
                "description": "Patients",
                "model": "contact",
                "rows": "validated/patient",
                "key": "patient_id",
                "mark": {"field": "Source_Id"},
                "join": {
                    **IDENTITY_JOIN,
                    "provider": {"frame": "validated/provider", "on": {"provider_id": "provider_id"}},
                    "policy": {
                        "frame": "validated/insurance_policy",
                        "on": {"patient_id": "patient_id"},
                        "where": {"ordinal": 1},
                        "latest": "effective_date",
                    },
                },
                "select": [LOADED],
                "fields": {
                    "firstName": "first_name",
                    "email": {"from": "email", "as": "email", "shared_from": ["email"], "withheld_to": ["Email"]},
                    "phone": {
                        "from": "mobile_phone",
                        "as": "phone",
                        "shared_from": ["mobile_phone", "home_phone"],
                        "withheld_to": ["Mobile", "Home"],
                    },
                    "birthDate": {"from": "birth_date", "as": "date"},
                    "dnd": {"from": "do_not_contact", "as": "flag"},
                    "country": {"value": "US"},
                    "active": {"value": True},
                    "owner": {"from": "provider.email", "as": "email", "lookup": True},
                    "stage": {"value": "New Patients", "lookup": True},
                },
                "custom": {
                    "Source_Id": "patient_id",
                    "Sex": {"from": "sex", "choices": {"male": "Male", "female": "Female"}},
                    "Email": {"from": "email", "as": "email"},
                    "Mobile": {"from": "mobile_phone", "as": "phone"},
                    "Home": {"from": "home_phone", "as": "phone"},
                    "Unusable": {"template": "{mobile_phone|unusable_phone}\n{home_phone|unusable_phone}"},
                    "Created": {"from": "created_at", "as": "timestamp"},
                    "Depth": {"from": "depth_mm", "as": "number"},
                    "Status": {"from": "status", "as": "words"},
                    "Carrier": "policy.carrier",
                    "Provider": {"template": "Dr. {provider.first_name} {provider.last_name}"},
                },
            },
            "visits": {
                "requirement": "H7",
                "description": "Visits",
                "model": "appointment",
                "rows": "validated/appointment",
                "key": "appointment_id",
                "mark": {"field": "title", "text": "[PANDA visit {appointment_id}]"},
                "join": IDENTITY_JOIN,
                "select": [LOADED],
                "links": TO_CONTACT,
                "fields": {
                    "title": "procedure",
                    "start": {"from": "starts_at", "as": "instant"},
                    "end": {"from": "starts_at", "as": "instant", "plus_minutes": "minutes"},
                },
            },
            "notes": {
                "requirement": "H8",
                "description": "Notes",
                "model": "note",
                "rows": "validated/clinical_note",
                "key": "note_id",
                "mark": {"field": "body", "text": "[PANDA note {note_id}]"},
                "split": {"field": "body", "limit": 100},
                "join": IDENTITY_JOIN,
                "select": [LOADED],
                "links": TO_CONTACT,
                "fields": {"body": {"template": "Note of {written_at|timestamp}\n\n{body|note_text}"}},
            },
        },
    }
)


def with_object(name: str, **changes: object) -> Mapping:
    """The mapping with an object changed."""
    content = MAPPING.model_dump(by_alias=True)
    content["objects"][name] |= changes
    return Mapping.model_validate(content)
