"""What a person confirms: all that decides which value of the practice's database becomes which value in the CRM.

Three files make it: the bindings, the CRM's mapping as it holds for this practice, and what the practice's own file
adds. What only decides how fast or from where records travel (addresses, tokens, windows) is not part of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perio_pipeline.crm.packages import crm_package
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.practice import Practice, effective_mapping
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.yamlfile import Entry, digest


class Settled(Entry):
    """The mapping of one practice and destination with everything decided.

    Attributes:
        files: name, from the mappings folder → its content as far as it counts, with the keys that the file has.
    """

    files: dict[str, dict[str, Any]]

    @property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the layout and comments of the files."""
        return digest(self)

    def counts(self, crm: str) -> dict[str, tuple[int, int]]:
        """Object → how many fields and links of it are sent, of the objects that are loaded."""
        objects = self.files[f"{crm}.yaml"]["objects"]
        return {
            name: (len(obj.get("fields", {})) + len(obj.get("custom", {})), len(obj.get("links", {})))
            for name, obj in objects.items()
        }

    def absences(self, crm: str) -> dict[str, str]:
        """Object that is not loaded → why."""
        return {name: absence["reason"] for name, absence in self.files[f"{crm}.yaml"]["absent"].items()}


def settle(folder: Path, practice: Practice, crm: str) -> Settled:
    """Put together what holds for a practice and destination now.

    Raises:
        MappingError, SettingsError: one of the files is wrong.
    """
    destination = practice.destination(crm)
    mapping = effective_mapping(load_mapping(folder / f"{crm}.yaml"), destination, crm_package(crm))
    return Settled(
        files={
            practice.source.bindings: load_bindings(folder / practice.source.bindings).model_dump(
                mode="json", exclude_defaults=True
            ),
            f"{crm}.yaml": _mapping(mapping),
            f"practices/{practice.practice}.yaml": _practice(practice, crm),
        }
    )


def _mapping(mapping: EffectiveMapping) -> dict[str, Any]:
    """Of an object that is not loaded only why counts; what a file does not say is not repeated."""
    content = mapping.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"fallbacks"})
    content["objects"] = {name: obj for name, obj in content["objects"].items() if name not in mapping.absent}
    content["unsent"] = {name: links for name, links in content["unsent"].items() if links}
    return content


def _practice(practice: Practice, crm: str) -> dict[str, Any]:
    """What the practice's file adds; its policies also where it leaves them at their defaults."""
    destination = practice.destination(crm)
    content = practice.model_dump(
        mode="json",
        include={
            "time_zone": True,
            "country": True,
            "letterhead": True,
            "policies": True,
            "second_person": True,
            "source": {"dates", "images_url"},
        },
    )
    settled = destination.model_dump(mode="json", include={"plan", "users", "history"})
    settled["capabilities"] = dict(crm_package(crm).shaping(destination.capabilities))
    settled["accounts"] = {
        each.name: each.model_dump(mode="json", include={"id", "offices"}) for each in destination.accounts
    }
    return {**content, "destinations": {crm: settled}}
