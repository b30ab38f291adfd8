// Drives a server by the published JavaScript client of the SCORM Cloud API, of which only the host is changed.
// Prints what it saw as one JSON object; tests/server/api/test_published_clients.py looks at it.
"use strict";
const fs = require("fs");
const cloud = require("@rusticisoftware/scormcloud-api-v2-client-javascript");

const { REST_HOST, REST_KEY, REST_SECRET, PACKAGE, REST_APP } = process.env;
const client = cloud.ApiClient.instance;
client.basePath = REST_HOST;
Object.assign(client.authentications.APP_NORMAL, { username: REST_KEY, password: REST_SECRET });
Object.assign(client.authentications.APP_MANAGEMENT, { username: REST_KEY, password: REST_SECRET });

/** A call of the client as a promise. */
function call(api, method, ...given) {
  return new Promise((resolve, reject) =>
    api[method](...given, (error, data, response) =>
      error ? reject(new Error(`${method}: ${error.message} ${response && response.text}`)) : resolve(data)));
}

async function imported(courses, id, options) {
  const job = await call(courses, "createUploadAndImportCourseJob", id, { file: fs.createReadStream(PACKAGE), ...options });
  for (;;) {
    const state = await call(courses, "getImportJobStatus", job.result);
    if (state.status !== "RUNNING") return state;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function main() {
  const seen = {};
  seen.ping = (await call(new cloud.PingApi(), "pingAppId")).apiMessage;
  const courses = new cloud.CourseApi();
  const job = await imported(courses, "js", {});
  seen.imported = [job.status, job.importResult.course.id, job.importResult.course.version];
  seen.again = (await imported(courses, "js", { mayCreateNewVersion: true })).importResult.course.version;
  seen.courses = (await call(courses, "getCourses", {})).courses.map((course) => course.id);
  seen.versions = (await call(courses, "getCourseVersions", "js", {})).courses.map((course) => course.version);
  await call(courses, "setCourseTitle", "js", cloud.TitleSchema.constructFromObject({ title: "By the client" }));
  const course = await call(courses, "getCourse", "js", { includeCourseMetadata: true });
  seen.course = [course.title, course.courseLearningStandard, course.rootActivity.children.length];
  await call(courses, "putCourseTags", "js", cloud.TagListSchema.constructFromObject({ tags: ["one"] }));
  seen.tags = (await call(courses, "getCourseTags", "js")).tags;

  const registrations = new cloud.RegistrationApi();
  const learner = { id: "ayu", firstName: "Ayu", lastName: "Lestari", email: "ayu@example.org" };
  const registration = { courseId: "js", registrationId: "js-1", learner };
  await call(registrations, "createRegistration", cloud.CreateRegistrationSchema.constructFromObject(registration), {});
  const link = cloud.LaunchLinkRequestSchema.constructFromObject({ redirectOnExitUrl: "https://lms.example/" });
  seen.link = (await call(registrations, "buildRegistrationLaunchLink", "js-1", link)).launchLink;
  const progress = await call(registrations, "getRegistrationProgress", "js-1", { includeChildResults: true });
  seen.progress = [progress.registrationCompletion, progress.course.version, progress.learner.firstName,
    progress.createdDate instanceof Date, progress.activityDetails.children.length];
  await call(registrations, "createNewRegistrationInstance", "js-1");
  seen.instances = (await call(registrations, "getRegistrationInstances", "js-1", {})).registrations.map((r) => r.instance);
  await call(registrations, "deleteRegistrationInstance", "js-1", 0);
  seen.registrations = (await call(registrations, "getRegistrations", { courseId: "js" })).registrations.map((r) => r.id);
  seen.history = (await call(registrations, "getRegistrationLaunchHistory", "js-1", {})).launchHistory;
  const learners = new cloud.LearnerApi();
  await call(learners, "updateLearnerInfo", "ayu", cloud.LearnerSchema.constructFromObject({ ...learner, firstName: "Sari" }));
  seen.learner = (await call(registrations, "getRegistrationProgress", "js-1", {})).learner.firstName;

  const applications = new cloud.ApplicationManagementApi();
  seen.applications = (await call(applications, "getApplications", {})).applications.map((each) => each.id);
  const wanted = cloud.CredentialRequestSchema.constructFromObject({ name: "made by the client" });
  const made = await call(applications, "createCredential", REST_APP, wanted);
  seen.credential = [made.name, typeof made.credential];
  seen.credentials = (await call(applications, "getCredentials", REST_APP)).credentials.length;
  await call(applications, "deleteCredential", REST_APP, made.id);

  // The same by a bearer token, which may read only.
  const token = await call(new cloud.AuthenticationApi(), "getAppToken", "read", {});
  client.authentications.OAUTH.accessToken = token.accessToken;
  Object.assign(client.authentications.APP_NORMAL, { username: "", password: "" });
  seen.bearer = (await call(courses, "getCourses", {})).courses.length;
  seen.refused = await call(courses, "deleteCourse", "js").then(() => "deleted", (error) => error.message);
  Object.assign(client.authentications.APP_NORMAL, { username: REST_KEY, password: REST_SECRET });
  delete client.authentications.OAUTH.accessToken;

  await call(registrations, "deleteRegistration", "js-1");
  await call(courses, "deleteCourseVersion", "js", 1);
  await call(courses, "deleteCourse", "js");
  seen.left = (await call(courses, "getCourses", {})).courses.length;
  console.log(JSON.stringify(seen));
}

main().catch((error) => { console.error(error.message); process.exit(1); });
