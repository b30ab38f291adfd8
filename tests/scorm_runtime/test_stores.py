"""What a learner carries from course to course, whatever it is called."""

from __future__ import annotations

import random
import string

import pytest
from flask import Flask
from sqlalchemy import select

from core.db import session, unit_of_work
from registrations.models import Registration
from scorm_runtime import stores
from scorm_runtime.models import CourseState
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, launch, load, package, register


def long_name(length: int) -> str:
    """One that no compression makes short."""
    return "urn:" + "".join(random.Random(length).choices(string.ascii_letters, k=length - 4))


@pytest.mark.parametrize("length", [20, 300, 301, 4000])
def test_ids_of_any_length(app: Flask, tenant: TestTenant, length: int) -> None:
    first, second = long_name(length), long_name(length)[:-1] + "~"
    registration = register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"intro": ""})))
    launch(app, tenant.id, registration)
    learner = session().get_one(Registration, (tenant.id, registration)).learner_id
    state = session().scalars(select(CourseState).where(CourseState.tenant_id == tenant.id)).one()
    for satisfied in (True, False):
        before = stores.global_objectives(tenant.id, learner, [first, second])
        after = {first: {"satisfied": satisfied}, second: {"satisfied": not satisfied}}
        with unit_of_work():
            stores.save_objectives(tenant.id, learner, state, everywhere=True, before=before, after=after)
            stores.save_data(tenant.id, learner, state, {first: str(satisfied)}, everywhere=True)
        assert stores.global_objectives(tenant.id, learner, [first, second]) == after
        assert stores.load_data(tenant.id, learner, [first, second], state, everywhere=True) == {first: str(satisfied)}
