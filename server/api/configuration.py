"""Settings of application, course and registration, as texts in the dialect; each level wins over the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

import core.web as web
from core import tenants
from core.db import session, unit_of_work
from core.errors import Invalid
from course_packages import catalogue
from registrations import registrations, settings
from registrations.settings import SETTINGS
from server.api import openapi, reading
from server.api.answers import answer, compact, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body

_SOURCES = {"tenant": "application"}
_METADATA = {"includeMetadata": "Answer meaning and possible values of each setting"}


class SettingBody(Body):
    setting_id: str
    value: str | bool | int | None = None


class SettingsBody(Body):
    settings: list[SettingBody]

    def values(self) -> dict[str, Any]:
        """The settings in the types that ours have; None takes one back."""
        return {each.setting_id: typed(each.setting_id, each.value) for each in self.settings}


def typed(name: str, value: str | bool | int | None) -> bool | int | str | None:
    """A setting's value from the text the dialect sends; :class:`Invalid` names the setting."""
    setting = SETTINGS.get(name)
    if setting is None:
        known = ", ".join(sorted(SETTINGS))
        raise Invalid(f"unknown setting {name[:100]!r}; one of {known}", setting=name[:100])
    if not isinstance(value, str):
        return value
    if isinstance(setting.default, bool):
        if value.lower() not in ("true", "false"):
            raise Invalid(f"the setting {name} must be true or false, not {value[:50]!r}", setting=name)
        return value.lower() == "true"
    if isinstance(setting.default, int):
        return reading.whole(value, f"the setting {name}", most=setting.most or (1 << 31) - 1)
    return value


def _text(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _show(
    level: str, tenant: Mapping[str, Any], course: Mapping[str, Any], registration: Mapping[str, Any]
) -> Response:
    own = {"tenant": tenant, "course": course, "registration": registration}[level]
    metadata = reading.flag("includeMetadata")
    known = {name: value for name, value in tenant.items() if name in SETTINGS}
    items = []
    for name, resolved in settings.resolve(known, course, registration).items():
        items.append(
            compact(
                id=name,
                effectiveValue=_text(resolved.value),
                effectiveValueSource=_SOURCES.get(resolved.source, resolved.source),
                explicitValue=_text(own[name]) if name in own else None,
                metadata=_metadata(name) if metadata else None,
            )
        )
    return answer({"settingItems": items})


def _metadata(name: str) -> dict[str, Any]:
    setting = SETTINGS[name]
    kind = (
        "boolean" if isinstance(setting.default, bool) else "integer" if isinstance(setting.default, int) else "string"
    )
    return compact(
        default=_text(setting.default),
        dataType=kind,
        settingDescription=setting.help,
        validValues=[{"value": word, "valueDescription": word} for word in setting.words] or None,
    )


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {**before, **given}
    return {name: value for name, value in kept.items() if value is not None}


def _known(name: str) -> str:
    typed(name, None)
    return name


@bp.get("/courses/<course_id>/configuration")
@web.scope("rest/read")
@openapi.describe("Settings in force for a course", query=_METADATA, returns="SettingList")
def get_course_configuration(course_id: str) -> Response:
    tenant_id = web.principal().tenant_id
    course = catalogue.get_course(tenant_id, course_id)
    return _show("course", tenants.get(tenant_id).settings, course.settings, {})


@bp.post("/courses/<course_id>/configuration")
@web.scope("rest")
@openapi.describe("Set settings of a course", body=SettingsBody)
def set_course_configuration(course_id: str) -> Response:
    return _set_course(course_id, body(SettingsBody).values())


@bp.delete("/courses/<course_id>/configuration/<setting_id>")
@web.scope("rest")
@openapi.describe("Take back a setting of a course")
def delete_course_configuration_setting(course_id: str, setting_id: str) -> Response:
    return _set_course(course_id, {_known(setting_id): None})


def _set_course(course_id: str, values: dict[str, Any]) -> Response:
    tenant_id = web.principal().tenant_id
    with unit_of_work():
        merged = _merged(catalogue.lock_course(tenant_id, course_id).settings, values)
        catalogue.set_settings(tenant_id, course_id, settings.check(merged))
    return nothing()


@bp.get("/registrations/<registration_id>/configuration")
@web.scope("rest/read")
@openapi.describe("Settings in force for a registration", query=_METADATA, returns="SettingList")
def get_registration_configuration(registration_id: str) -> Response:
    tenant_id = web.principal().tenant_id
    registration = registrations.get(tenant_id, registration_id)
    course = catalogue.get_course(tenant_id, registration.course_id)
    return _show("registration", tenants.get(tenant_id).settings, course.settings, registration.settings)


@bp.post("/registrations/<registration_id>/configuration")
@web.scope("rest")
@openapi.describe("Set settings of a registration", body=SettingsBody)
def set_registration_configuration(registration_id: str) -> Response:
    return _set_registration(registration_id, body(SettingsBody).values())


@bp.delete("/registrations/<registration_id>/configuration/<setting_id>")
@web.scope("rest")
@openapi.describe("Take back a setting of a registration")
def delete_registration_configuration_setting(registration_id: str, setting_id: str) -> Response:
    return _set_registration(registration_id, {_known(setting_id): None})


def _set_registration(registration_id: str, values: dict[str, Any]) -> Response:
    with unit_of_work():
        registrations.configure(registrations.get(web.principal().tenant_id, registration_id), values)
    return nothing()


@bp.get("/appManagement/configuration")
@web.scope("rest/read")
@openapi.describe("Settings in force for the application", query=_METADATA, returns="SettingList")
def get_application_configuration() -> Response:
    return _show("tenant", tenants.get(web.principal().tenant_id).settings, {}, {})


@bp.post("/appManagement/configuration")
@web.scope("rest")
@openapi.describe("Set settings of the application", body=SettingsBody)
def set_application_configuration() -> Response:
    return _set_application(body(SettingsBody).values())


@bp.delete("/appManagement/configuration/<setting_id>")
@web.scope("rest")
@openapi.describe("Take back a setting of the application")
def delete_application_configuration_setting(setting_id: str) -> Response:
    return _set_application({_known(setting_id): None})


def _set_application(values: dict[str, Any]) -> Response:
    with unit_of_work():
        tenant = tenants.lock(web.principal().tenant_id)
        settings.check({name: value for name, value in values.items() if value is not None})
        tenant.settings = _merged(tenant.settings, values)
        session().flush()
    return nothing()
