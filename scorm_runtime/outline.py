"""The parts of a course version that the runtime asks for again and again, kept in memory: versions never change."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import exists, select

from core.db import session
from core.errors import NotFound
from course_packages import catalogue
from course_packages.model import Item, Organization, Standard
from course_packages.models import PackageFile
from scorm_runtime.sequencing import plain_id

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True)
class Outline:
    """``standard`` is the one the course is tracked by, ``objectives`` are the ids of all global objectives, plain.

    ``items`` are by identifier (the root is not among them).
    """

    standard: Standard
    organization: Organization
    items: dict[str, Item]
    objectives: frozenset[str]
    language: str

    @property
    def scorm_12(self) -> bool:
        return self.standard == Standard.SCORM_12

    @property
    def launchable(self) -> list[Item]:
        return [item for item in self.items.values() if item.launchable]

    @property
    def pages(self) -> dict[str, str]:
        """SCORM 1.2: the parts by their launch files, where a file is that of one part only."""
        if not self.scorm_12:
            return {}
        files = [((item.href or "").partition("?")[0].partition("#")[0], item.identifier) for item in self.launchable]
        counted = Counter(file for file, _ in files)
        return {file: activity for file, activity in files if counted[file] == 1}

    def item(self, activity: str) -> Item:
        found = self.items.get(activity)
        if found is None:
            raise NotFound(f"the course has no item {activity!r}", code="unknown_activity")
        return found


@lru_cache(maxsize=128)
def outline(tenant_id: int, version_id: str) -> Outline:
    """The outline of a ready version."""
    package = catalogue.package(tenant_id, version_id)
    organization = package.organization
    items = {item.identifier: item for item in organization.walk()}
    parts = [organization.sequencing, *(item.sequencing for item in items.values())]
    targets = {
        plain_id(m.target_objective_id) for part in parts for objective in part.objectives for m in objective.maps
    }
    language = package.language or ""
    return Outline(
        package.standard.tracked_as,
        organization,
        items,
        frozenset(targets),
        language if _LANGUAGE.fullmatch(language) and not language.startswith("x-") else "und",
    )


@lru_cache(maxsize=1024)
def has_pdf(tenant_id: int, version_id: str) -> bool:
    """Whether the version holds a PDF: browsers show none in a sandboxed document."""
    wanted = exists().where(
        PackageFile.tenant_id == tenant_id, PackageFile.version_id == version_id, PackageFile.mime == "application/pdf"
    )
    return bool(session().scalar(select(wanted)))
