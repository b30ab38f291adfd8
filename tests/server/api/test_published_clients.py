"""The published SCORM Cloud clients drive Rekam unmodified: only their host is another one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import rustici_software_cloud_v2 as cloud
from rustici_software_cloud_v2.rest import ApiException

from server.demo import build_zip
from tests.conftest import DATABASES, TestTenant
from tests.live import ROOT, LiveServer, live_server_on, wait_until

NPM_CLIENT = "@rusticisoftware/scormcloud-api-v2-client-javascript@3"
NODE_FOLDER = ROOT / ".test" / "npm"


@pytest.fixture(scope="module", params=DATABASES)
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, TestTenant]]:
    with live_server_on(request.param, tmp_path_factory.mktemp("clients"), workers=1) as pair:
        yield pair


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "demo.zip"
    path.write_bytes(build_zip())
    return path


def connect(live: tuple[LiveServer, TestTenant]) -> Any:
    server, tenant = live
    configuration = cloud.Configuration()
    configuration.host = f"{server.base}/api/v2"
    configuration.username, configuration.password = tenant.key, tenant.secret
    return cloud.ApiClient(configuration)


def imported(courses: Any, course: str, package: Path, **options: Any) -> Any:
    job = courses.create_upload_and_import_course_job(course, file=str(package), **options).result

    def over() -> Any:
        state = courses.get_import_job_status(job)
        return state if state.status != "RUNNING" else None

    return wait_until("the import", over, 120)


def test_courses_by_the_python_client(live: tuple[LiveServer, TestTenant], demo: Path) -> None:
    courses = cloud.CourseApi(connect(live))
    state = imported(courses, "py", demo)
    assert (state.status, state.import_result.course.id) == ("COMPLETE", "py")
    with pytest.raises(ApiException) as refused:
        courses.create_upload_and_import_course_job("py", file=str(demo))
    assert (refused.value.status, "message" in json.loads(refused.value.body)) == (409, True)
    assert imported(courses, "py", demo, may_create_new_version=True).import_result.course.version == 2
    listed = courses.get_courses(include_registration_count=True, include_total_count=True).courses
    assert [(c.id, c.version, c.registration_count) for c in listed] == [("py", 2, 0)]
    assert isinstance(listed[0].created, datetime)
    assert [c.version for c in courses.get_course_versions("py").courses] == [1, 2]
    courses.set_course_title("py", cloud.TitleSchema("By the client"))
    course = courses.get_course("py", include_course_metadata=True)
    assert (course.title, course.course_learning_standard) == ("By the client", "SCORM20044THEDITION")
    assert [child.activity_type for child in course.root_activity.children] == ["SCO"] * 3
    courses.put_course_tags("py", cloud.TagListSchema(["one", "two"]))
    courses.delete_course_tags("py", cloud.TagListSchema(["one"]))
    assert courses.get_course_tags("py").tags == ["two"]
    setting = cloud.SettingsIndividualSchema("showProgressBar", "false")
    courses.set_course_configuration("py", cloud.SettingsPostSchema([setting]))
    items = {item.id: item for item in courses.get_course_configuration("py", include_metadata=True).setting_items}
    assert (items["showProgressBar"].effective_value, items["showProgressBar"].explicit_value) == ("false", "false")
    assert "imsmanifest.xml" in [file.path for file in courses.get_course_file_list("py").files]
    courses.delete_course_version("py", 1)
    assert [c.version for c in courses.get_course_versions("py").courses] == [2]
    courses.delete_course("py")
    assert courses.get_courses().courses == []
    with pytest.raises(ApiException) as gone:
        courses.get_course("py")
    assert gone.value.status == 404


def test_imports_from_an_address_by_the_python_client(live: tuple[LiveServer, TestTenant]) -> None:
    courses = cloud.CourseApi(connect(live))
    # Refused because of what it is, so it was understood.
    fetch = cloud.ImportFetchRequestSchema(url="ftp://example.org/course.zip", content_type="application/zip")
    for send in (
        lambda: courses.create_fetch_and_import_course_job("fetched", fetch),
        lambda: courses.create_no_upload_and_import_course_job("fetched", cloud.ImportRequestSchema(fetch)),
    ):
        with pytest.raises(ApiException) as refused:
            send()
        assert (refused.value.status, "must begin with https" in json.loads(refused.value.body)["message"]) == (
            400,
            True,
        )


def test_registrations_by_the_python_client(live: tuple[LiveServer, TestTenant], demo: Path) -> None:
    client = connect(live)
    courses, registrations = cloud.CourseApi(client), cloud.RegistrationApi(client)
    imported(courses, "py-course", demo)
    learner = cloud.LearnerSchema(id="ayu", email="ayu@example.org", first_name="Ayu", last_name="Lestari")
    registrations.create_registration(cloud.CreateRegistrationSchema("py-course", learner, "py-1"))
    registrations.get_registration("py-1")
    link = registrations.build_registration_launch_link(
        "py-1", cloud.LaunchLinkRequestSchema(redirect_on_exit_url="https://lms.example/", expiry=60)
    ).launch_link
    assert link.startswith(f"{live[0].content}/launch/")
    state = registrations.get_registration_progress(
        "py-1", include_child_results=True, include_interactions_and_objectives=True, include_runtime=True
    )
    assert (state.registration_completion, state.registration_success) == ("UNKNOWN", "UNKNOWN")
    assert (state.learner.id, state.course.id, state.instance) == ("ayu", "py-course", 0)
    assert [child.id for child in state.activity_details.children] == ["lifting", "workstation", "quiz"]
    registrations.create_new_registration_instance("py-1")
    instances = registrations.get_registration_instances("py-1").registrations
    assert [instance.instance for instance in instances] == [0, 1]
    assert registrations.get_registration_instance_progress("py-1", 0).instance == 0
    registrations.delete_registration_instance("py-1", 0)
    registrations.put_registration_tags("py-1", cloud.TagListSchema(["spring"]))
    assert [r.id for r in registrations.get_registrations(course_id="py-course", tags=["spring"]).registrations] == [
        "py-1"
    ]
    assert registrations.get_registration_launch_history("py-1").launch_history == []
    assert registrations.get_registration_statements("py-1").statements == []
    learners = cloud.LearnerApi(client)
    learners.update_learner_info("ayu", cloud.LearnerSchema(id="ayu", first_name="Sari"))
    assert registrations.get_registration_progress("py-1").learner.first_name == "Sari"
    registrations.delete_registration("py-1")
    slashed = cloud.LearnerSchema(id="https://lms.example/ayu")
    registrations.create_registration(cloud.CreateRegistrationSchema("py-course", slashed, "py/1"))
    assert registrations.get_registration_progress("py/1").learner.id == slashed.id
    learners.put_learner_tags(slashed.id, cloud.TagListSchema(["web"]))
    assert learners.get_learner_tags(slashed.id).tags == ["web"]
    with pytest.raises(ApiException) as gone:
        registrations.get_registration_progress("py-1")
    assert gone.value.status == 404
    courses.delete_course("py-course")


def test_applications_by_the_python_client(live: tuple[LiveServer, TestTenant]) -> None:
    server, tenant = live
    client = connect(live)
    applications = cloud.ApplicationManagementApi(client)
    assert [a.id for a in applications.get_applications().applications] == [tenant.app_id]
    applications.update_application(tenant.app_id, cloud.UpdateApplicationSchema("Renamed"))
    assert applications.get_application_info(tenant.app_id).name == "Renamed"
    made = applications.create_credential(tenant.app_id, cloud.CredentialRequestSchema(name="made by the client"))
    own = cloud.Configuration()
    own.host, own.username, own.password = f"{server.base}/api/v2", made.id, made.credential
    assert cloud.PingApi(cloud.ApiClient(own)).ping_app_id().api_message == "API is up"
    assert cloud.AboutApi(client).get_about().version
    listed = applications.get_credentials(tenant.app_id).credentials
    assert {(c.name, c.status) for c in listed} >= {("made by the client", "Active")}
    applications.delete_credential(tenant.app_id, made.id)
    with pytest.raises(ApiException) as refused:
        cloud.PingApi(cloud.ApiClient(own)).ping_app_id()
    assert refused.value.status == 401
    with pytest.raises(ApiException) as unknown:
        applications.get_application_info("another")
    assert unknown.value.status == 404


def test_a_bearer_token_by_the_python_client(live: tuple[LiveServer, TestTenant]) -> None:
    client = connect(live)
    token = cloud.AuthenticationApi(client).get_app_token("read:course", expiration=60)
    bearer = cloud.Configuration()
    bearer.host, bearer.access_token = f"{live[0].base}/api/v2", token.access_token
    courses = cloud.CourseApi(cloud.ApiClient(bearer))
    assert courses.get_courses().courses == []
    with pytest.raises(ApiException) as refused:
        courses.delete_course("any")
    assert refused.value.status == 403


@pytest.fixture(scope="module")
def npm_client() -> Path:
    """The folder with the client's node_modules, installed once into the ignored folder ``.test``."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    if not (NODE_FOLDER / "node_modules" / "@rusticisoftware").exists():
        NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(NODE_FOLDER), NPM_CLIENT]
        subprocess.run(command, check=True, cwd=NODE_FOLDER, timeout=300)
    return NODE_FOLDER


def test_everything_by_the_javascript_client(live: tuple[LiveServer, TestTenant], demo: Path, npm_client: Path) -> None:
    server, tenant = live
    environment = {
        **os.environ,
        "NODE_PATH": str(npm_client / "node_modules"),
        "REST_HOST": f"{server.base}/api/v2",
        "REST_KEY": tenant.key,
        "REST_SECRET": tenant.secret,
        "REST_APP": tenant.app_id,
        "PACKAGE": str(demo),
    }
    node = os.environ.get("NODE") or shutil.which("node") or "node"
    script = Path(__file__).parent / "published_client.js"
    ran = subprocess.run([node, script], env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen.pop("link").startswith(f"{server.content}/launch/")
    assert seen.pop("credentials") >= 2
    assert "Forbidden" in seen.pop("refused")
    assert seen == {
        "ping": "API is up",
        "imported": ["COMPLETE", "js", 1],
        "again": 2,
        "courses": ["js"],
        "versions": [1, 2],
        "course": ["By the client", "SCORM20044THEDITION", 3],
        "tags": ["one"],
        "progress": ["UNKNOWN", 2, "Ayu", True, 3],
        "instances": [0, 1],
        "registrations": ["js-1"],
        "history": [],
        "learner": "Sari",
        "applications": [tenant.app_id],
        "credential": ["made by the client", "string"],
        "bearer": 1,
        "left": 0,
    }
