"""What a user of the Freshsales sandbox sees, and the frames of the practice beside it."""

from __future__ import annotations

from typing import Any

import httpx
import pandas as pd

from perio_pipeline_tests.end_to_end.world import PRACTICE, World


def frame(made: World, *key: str) -> pd.DataFrame:
    return made.rooms.store().frame(PRACTICE, key).read()


def get(made: World, path: str) -> Any:
    """Look into the CRM as its user would."""
    url = f"{made.sandbox.base_url}/crm/sales/api{path}"
    answer = httpx.get(url, headers={"Authorization": f"Token token={made.token}"})
    answer.raise_for_status()
    return answer.json()


def custom(made: World, module: str, record: dict[str, Any]) -> dict[str, Any]:
    """A record's custom values by the labels people read."""
    labels = {field["name"]: field["label"] for field in get(made, f"/settings/{module}/fields")["fields"]}
    return {labels[name]: value for name, value in record["custom_field"].items()}
