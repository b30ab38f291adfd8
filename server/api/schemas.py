"""What the REST API answers, as a table: object → member → type. ``X[]`` is a list of X, ``X?`` a member that may be absent.

Names of objects and members are the dialect's; those at the end are Rekam's own.
"""

from __future__ import annotations

from typing import Any

_STANDARDS = (
    "UNKNOWN", "SCORM11", "SCORM12", "SCORM20042NDEDITION", "SCORM20043RDEDITION", "SCORM20044THEDITION", "AICC", "XAPI",
    "CMI5", "LTI13",
)  # fmt: skip
ENUMS: dict[str, tuple[str, ...]] = {
    "Completion": ("UNKNOWN", "COMPLETED", "INCOMPLETE"),
    "Success": ("UNKNOWN", "PASSED", "FAILED"),
    "Standard": _STANDARDS,
    "ActivityType": ("UNKNOWN", "AGGREGATION", "SCO", "ASSET", "OBJECTIVE"),
    "JobStatus": ("RUNNING", "COMPLETE", "ERROR"),
    "RuntimeCompletion": ("UNKNOWN", "COMPLETED", "INCOMPLETE", "NOT_ATTEMPTED", "BROWSED"),
    "InteractionType": (
        "TrueFalse", "Choice", "FillIn", "LongFillIn", "Likert", "Matching", "Performance", "Sequencing", "Numeric", "Other",
    ),
    "DeliveryStatus": ("waiting", "delivered", "dead", "cancelled"),
}  # fmt: skip

OBJECTS: dict[str, dict[str, str]] = {
    "Error": {"message": "string", "code": "string", "details": "object?"},
    "About": {"version": "string", "distribution": "string"},
    "Ping": {"apiMessage": "string", "currentTime": "time"},
    "ApplicationToken": {"access_token": "string", "token_type": "string", "expires_in": "integer", "scope": "string"},
    "TokenError": {"error": "string", "error_description": "string", "message": "string"},
    "StringResult": {"result": "string"},
    "LaunchLink": {"launchLink": "string"},
    "Recording": {"launchHistoryId": "string", "instance": "integer", "began": "time", "entries": "object[]"},
    "Trace": {"registrationId": "string", "recordings": "Recording[]"},
    "SequencingStep": {"code": "string", "text": "string"},
    "SequencedActivity": {
        "id": "string", "title": "string", "depth": "integer", "launchable": "boolean", "visible": "boolean",
        "selectable": "boolean", "current": "boolean", "status": "string", "code": "string?", "reason": "string?",
        "steps": "SequencingStep[]",
    },
    "SequencedControl": {
        "request": "string", "allowed": "boolean", "code": "string?", "reason": "string?", "steps": "SequencingStep[]",
    },
    "Sequencing": {
        "registrationId": "string", "instance": "integer", "state": "string", "controls": "SequencedControl[]",
        "activities": "SequencedActivity[]",
    },
    "LmsComment": {
        "id": "string", "comment": "string", "activityId": "string?", "location": "string?", "created": "time",
    },
    "LmsCommentList": {"comments": "LmsComment[]"},
    "TagList": {"tags": "string[]"},
    "Score": {"scaled": "number"},
    "CompletionAmount": {"scaled": "number"},
    "Learner": {"id": "string", "email": "string?", "firstName": "string?", "lastName": "string?"},
    "CourseReference": {"id": "string", "title": "string", "version": "integer"},
    "Metadata": {
        "title": "string?", "titleLanguage": "string?", "description": "string?", "descriptionLanguage": "string?",
        "duration": "string?", "typicalTime": "string?", "keywords": "string[]?",
    },
    "CourseActivity": {
        "externalIdentifier": "string?", "itemIdentifier": "string", "resourceIdentifier": "string?",
        "activityType": "ActivityType", "href": "string?", "scaledPassingScore": "string?", "title": "string",
        "children": "CourseActivity[]",
    },
    "Course": {
        "id": "string", "title": "string", "xapiActivityId": "string?", "created": "time", "updated": "time",
        "version": "integer", "registrationCount": "integer?", "activityId": "string?", "courseLearningStandard": "Standard",
        "tags": "string[]", "dispatched": "boolean", "metadata": "Metadata?", "rootActivity": "CourseActivity?",
        "thumbnail": "string?",
    },
    "CourseList": {"courses": "Course[]", "more": "string?"},
    "CourseVersionList": {"courses": "Course[]"},
    "ImportResult": {
        "webPathToCourse": "string?", "parserWarnings": "string[]", "courseLanguages": "string[]", "course": "Course?",
    },
    "ImportJob": {
        "jobId": "string", "status": "JobStatus", "message": "string?", "importResult": "ImportResult?",
        "progress": "integer", "report": "object?",
    },
    "VersionMove": {
        "fromVersion": "integer", "toVersion": "integer", "keepsProgress": "boolean", "partsKept": "string[]",
        "partsAdded": "string[]", "partsRemoved": "string[]", "moved": "boolean",
    },
    "RegistrationsMove": {
        "fromVersion": "integer", "toVersion": "integer", "registrations": "integer", "lookedAt": "integer",
        "keepingProgress": "integer", "beginningAnew": "string[]", "partsKept": "string[]", "partsAdded": "string[]",
        "partsRemoved": "string[]", "started": "boolean",
    },
    "RegistrationsLeft": {"version": "integer", "registrations": "integer", "running": "boolean"},
    "Dependents": {"registrations": "integer", "completed": "integer", "openLaunches": "integer"},
    "FileListItem": {"path": "string", "size": "integer", "modified": "time"},
    "FileList": {"files": "FileListItem[]"},
    "Objective": {
        "id": "string", "primary": "boolean?", "score": "Score?", "scoreMax": "number?", "scoreMin": "number?",
        "scoreRaw": "number?", "progressMeasure": "number?", "objectiveCompletion": "Completion", "objectiveSuccess": "Success",
    },
    "StaticProperties": {
        "completionThreshold": "string?", "launchData": "string?", "maxTimeAllowed": "string?",
        "scaledPassingScore": "number?", "scaledPassingScoreUsed": "boolean", "timeLimitAction": "string?",
    },
    "Comment": {"value": "string", "location": "string?", "dateTime": "string?"},
    "LearnerPreference": {
        "audioLevel": "number?", "language": "string?", "deliverySpeed": "number?", "audioCaptioning": "integer?",
    },
    "RuntimeInteraction": {
        "id": "string", "type": "InteractionType", "objectives": "string[]", "timestamp": "string?", "timestampUtc": "string?",
        "correctResponses": "string[]", "weighting": "string?", "learnerResponse": "string?", "result": "string?",
        "latency": "string?", "description": "string?",
    },
    "RuntimeObjective": {
        "id": "string", "scoreScaled": "string?", "scoreMin": "string?", "scoreMax": "string?", "scoreRaw": "string?",
        "runtimeObjectiveSuccessStatus": "Success", "runtimeObjectiveCompletionStatus": "RuntimeCompletion",
        "progressMeasure": "string?", "description": "string?",
    },
    "Runtime": {
        "completionStatus": "string", "credit": "string?", "entry": "string?", "exit": "string?",
        "learnerPreference": "LearnerPreference?", "location": "string?", "mode": "string?", "progressMeasure": "string?",
        "scoreScaled": "string?", "scoreRaw": "string?", "scoreMin": "string?", "scoreMax": "string?", "totalTime": "string?",
        "timeTracked": "string", "runtimeSuccessStatus": "Success", "suspendData": "string?", "learnerComments": "Comment[]",
        "lmsComments": "Comment[]", "runtimeInteractions": "RuntimeInteraction[]?", "runtimeObjectives": "RuntimeObjective[]?",
    },
    "ActivityResult": {
        "id": "string", "title": "string", "attempts": "integer", "activityCompletion": "Completion",
        "activitySuccess": "Success", "score": "Score?", "timeTracked": "string", "completionAmount": "CompletionAmount?",
        "suspended": "boolean", "children": "ActivityResult[]?", "objectives": "Objective[]?",
        "staticProperties": "StaticProperties?", "runtime": "Runtime?",
    },
    "Registration": {
        "id": "string", "instance": "integer", "xapiRegistrationId": "string", "updated": "time",
        "registrationCompletion": "Completion", "registrationCompletionAmount": "number?", "registrationSuccess": "Success",
        "score": "Score?", "totalSecondsTracked": "number", "firstAccessDate": "time?", "lastAccessDate": "time?",
        "completedDate": "time?", "createdDate": "time", "course": "CourseReference", "learner": "Learner", "tags": "string[]",
        "globalObjectives": "Objective[]?", "sharedData": "object[]?", "suspendedActivityId": "string?",
        "activityDetails": "ActivityResult?", "cause": "string?",
    },
    "RegistrationList": {"registrations": "Registration[]", "more": "string?"},
    "LaunchHistory": {
        "id": "string", "instance": "integer", "score": "Score?", "completionStatus": "Completion", "successStatus": "Success",
        "historyLog": "string?", "totalSecondsTracked": "number", "launchTime": "time", "exitTime": "time?",
        "lastRuntimeUpdate": "time?", "launchHistoryId": "string",
    },
    "LaunchHistoryList": {"launchHistory": "LaunchHistory[]"},
    "StatementResult": {"statements": "object[]", "more": "string?"},
    "SettingItem": {
        "id": "string", "effectiveValue": "string", "effectiveValueSource": "string", "explicitValue": "string?",
        "metadata": "object?",
    },
    "SettingList": {"settingItems": "SettingItem[]"},
    "Application": {"id": "string", "name": "string"},
    "ApplicationList": {"applications": "Application[]"},
    "ApplicationInfo": {
        "id": "string", "name": "string", "createDate": "time", "updateDate": "time", "allowDelete": "boolean",
        "courseCount": "integer?", "registrationCount": "integer?",
    },
    "ApplicationInfoList": {"applications": "ApplicationInfo[]"},
    "Credential": {
        "id": "string", "name": "string", "credential": "string?", "status": "string", "created": "time", "updated": "time",
        "scopes": "string[]", "expires": "time?", "lastUsed": "time?",
    },
    "CredentialList": {"credentials": "Credential[]"},
    "Webhook": {
        "id": "string", "url": "string", "description": "string", "events": "string[]", "enabled": "boolean",
        "disabledReason": "string?", "created": "time", "updated": "time", "secret": "string?",
    },
    "WebhookList": {"webhooks": "Webhook[]"},
    "WebhookSecret": {"secret": "string", "previousUntil": "time"},
    "EventType": {"type": "string", "description": "string"},
    "EventTypeList": {"eventTypes": "EventType[]"},
    "DeliveryAttempt": {
        "number": "integer", "time": "time", "status": "integer?", "seconds": "number", "answer": "string", "error": "string?",
    },
    "Delivery": {
        "id": "string", "event": "string", "type": "string", "status": "DeliveryStatus", "tries": "integer", "created": "time",
        "nextTry": "time?", "finished": "time?", "lastStatus": "integer?", "lastError": "string?", "payload": "object?",
        "attempts": "DeliveryAttempt[]?",
    },
    "DeliveryList": {"deliveries": "Delivery[]", "more": "string?"},
    "ReplayResult": {"replayed": "integer"},
    "RemovalJob": {
        "jobId": "string", "status": "string", "dryRun": "boolean", "created": "time", "finished": "time?", "result": "object",
    },
    "Forwarder": {
        "id": "string", "name": "string", "url": "string", "key": "string", "version": "string", "filter": "object",
        "enabled": "boolean", "disabledReason": "string?", "forwardedThrough": "time", "backlog": "integer", "forwarded": "integer",
        "refused": "integer", "failures": "integer", "lastSuccess": "time?", "lastError": "string?", "nextTry": "time?",
        "created": "time", "updated": "time",
    },
    "ForwarderTest": {"ok": "boolean", "code": "string", "message": "string", "status": "integer?"},
    "ForwarderList": {"forwarders": "Forwarder[]"},
    "Refusal": {"statementId": "string", "time": "time", "status": "integer", "answer": "string"},
    "RefusalList": {"refusals": "Refusal[]"},
    "RejectedRequest": {
        "id": "string", "time": "time", "key": "string", "method": "string", "statementId": "string?", "version": "string",
        "contentType": "string", "status": "integer", "code": "string", "message": "string", "statementIndex": "integer?",
        "path": "string?", "size": "integer", "truncated": "boolean", "replayed": "time?", "body": "string?",
    },
    "RejectedRequestList": {"rejectedRequests": "RejectedRequest[]", "more": "string?"},
    "StatementIds": {"statementIds": "string[]"},
    "RemovalJobList": {"erasures": "RemovalJob[]"},
}  # fmt: skip

_SIMPLE: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "time": {"type": "string", "format": "date-time"},
}


def components() -> dict[str, Any]:
    """The table as JSON Schemas for ``components/schemas``."""
    found: dict[str, Any] = {name: {"type": "string", "enum": list(words)} for name, words in ENUMS.items()}
    for name, members in OBJECTS.items():
        found[name] = {
            "type": "object",
            "properties": {member: _schema(type_.rstrip("?")) for member, type_ in members.items()},
            "required": [member for member, type_ in members.items() if not type_.endswith("?")],
        }
    return found


def _schema(type_: str) -> dict[str, Any]:
    if type_.endswith("[]"):
        return {"type": "array", "items": _schema(type_[:-2])}
    return _SIMPLE.get(type_) or {"$ref": f"#/components/schemas/{type_}"}
