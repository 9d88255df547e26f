"""Cut GitHub's description down to what the pack uses: `python trim_github.py FILE`.

FILE is `generated/api.github.com.json` of the npm package @octokit/openapi.  What is left are the operations below with
their parameters, bodies and answers as JSON Schema, and the schemas that these reach, without descriptions.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

OPERATIONS: Final = (
    "actions/get-workflow-run",
    "actions/list-jobs-for-workflow-run",
    "actions/list-repo-workflows",
    "actions/list-workflow-runs",
    "actions/list-workflow-runs-for-repo",
    "actions/re-run-workflow",
    "actions/re-run-workflow-failed-jobs",
    "git/create-ref",
    "issues/add-labels",
    "issues/create",
    "issues/create-comment",
    "issues/get",
    "issues/list-comments",
    "issues/list-for-repo",
    "issues/list-labels-for-repo",
    "issues/update",
    "pulls/create",
    "pulls/create-review",
    "pulls/get",
    "pulls/list",
    "pulls/list-files",
    "pulls/list-review-comments",
    "pulls/list-reviews",
    "pulls/merge",
    "pulls/update",
    "repos/create-or-update-file-contents",
    "repos/get",
    "repos/get-commit",
    "repos/get-content",
    "repos/get-latest-release",
    "repos/get-release-by-tag",
    "repos/list-branches",
    "repos/list-commits",
    "repos/list-releases",
    "search/code",
    "search/issues-and-pull-requests",
    "search/repos",
    "search/users",
    "users/get-authenticated",
    "users/get-by-username",
)
LEFT_OUT: Final = ("default", "deprecated", "description", "example", "examples", "externalDocs", "title")
REF: Final = "#/components/schemas/"


def trimmed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the operations by id, and the schemas that they reach."""
    operations = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and operation.get("operationId") in OPERATIONS:
                operations[operation["operationId"]] = described(document, path, method, operation)
    pending, schemas = list(refs_in(operations)), {}
    while pending:
        name = pending.pop()
        if name not in schemas:
            schemas[name] = json_schema(document["components"]["schemas"][name])
            pending += refs_in(schemas[name])
    return {"version": document["info"]["version"], "operations": operations, "schemas": schemas}


def described(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return what is needed of one operation."""
    parameters = [resolved(document, parameter) for parameter in operation.get("parameters", [])]
    return {
        "method": method.upper(),
        "path": path,
        "parameters": [
            {"name": each["name"], "in": each["in"], "required": each.get("required", False)}
            | {"schema": json_schema(each["schema"])}
            for each in parameters
        ],
        "body": schema_in(operation.get("requestBody", {})),
        "answers": {
            status: schema_in(resolved(document, answer)) for status, answer in sorted(operation["responses"].items())
        },
    }


def schema_in(message: dict[str, Any]) -> Any:
    """Return the schema of a JSON body; null when there is none."""
    content = message.get("content", {}).get("application/json")
    return None if content is None else json_schema(content["schema"])


def resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        _, _, kind, name = value["$ref"].split("/")
        value = document["components"][kind][name]
    return value


def json_schema(schema: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as JSON Schema, without what is only for people."""
    if isinstance(schema, list):
        return [json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: {field: json_schema(inner) for field, inner in value.items()}
        if name == "properties"
        else json_schema(value)
        for name, value in schema.items()
        if name not in (*LEFT_OUT, "nullable") and not name.startswith("x-")
    }
    if not schema.get("nullable"):
        return kept
    if "enum" in kept and None not in kept["enum"]:
        kept["enum"] = [*kept["enum"], None]
    return kept | {"type": [kept["type"], "null"]} if "type" in kept else {"anyOf": [kept, {"type": "null"}]}


def refs_in(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in refs_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"].removeprefix(REF)] if isinstance(value.get("$ref"), str) else []
    return own + [name for item in value.values() for name in refs_in(item)]


def main() -> None:
    kept = trimmed(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    missing = set(OPERATIONS) - kept["operations"].keys()
    if missing:
        sys.exit(f"The description has no {', '.join(sorted(missing))}.")
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    (Path(__file__).parent / "github.json").write_text(text.replace('},"', '},\n"') + "\n", "utf-8")


if __name__ == "__main__":
    main()
