"""The OpenAPI document: whole, in our words, and the same each time."""

from pathlib import Path

from coordinator.api.openapi import openapi_document
from tests.coordinator.in_process import coordinator


async def test_the_document_is_served_and_names_no_other_place(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.get("/api/openapi.json")

    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.1")
    assert "http://" not in response.text.replace("http://127.0.0.1", "")


def test_every_operation_has_an_id_a_tag_a_summary_and_our_errors() -> None:
    operations = [
        (path, operation) for path, found in openapi_document()["paths"].items() for operation in found.values()
    ]
    ids = [operation["operationId"] for _, operation in operations]

    assert len(set(ids)) == len(ids) >= 30
    for path, operation in operations:
        assert operation["tags"], path
        assert operation["summary"], path
        assert operation["description"].endswith("."), path
        if path.startswith("/api"):
            content = operation["responses"]["default"]["content"]
            assert content["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/ProblemOut"


def test_every_field_of_our_own_types_is_described() -> None:
    schemas = openapi_document()["components"]["schemas"]
    own = {name: schema for name, schema in schemas.items() if name.endswith(("Out", "In", "Page", "Summary"))}

    undescribed = [
        f"{name}.{field}"
        for name, schema in own.items()
        for field, declared in schema.get("properties", {}).items()
        if "description" not in declared and name not in ("RunSummary", "RunPage")
    ]
    assert undescribed == []


def test_every_reference_leads_somewhere() -> None:
    document = openapi_document()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    assert references(document) <= known


def test_no_type_is_described_by_one_of_the_fields_that_use_it() -> None:
    schemas = openapi_document()["components"]["schemas"]

    assert {name for name, schema in schemas.items() if "description" in schema} <= {"Problem", "ProblemOut"}
