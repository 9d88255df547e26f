"""What becomes of the parts of a description: parameters, bodies, schemas, answers, ways to sign in."""

from typing import Any

import pytest

from packs.openapi import Choice, Options, SpecRefused, generate
from tests.packs.openapi.support import OK, described, flow_of, made, params_of, request_of, skipped


def query(schema: Any, **more: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "q", "in": "query", "schema": schema, **more}]}


def answering(schema: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}


def taking(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


# -- paths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("//evil.example/x", "its path has an empty segment, which could name another host."),
        ("/a/../b", "its path has a segment that would move it."),
        ("/a/%2e%2e/b", "its path has a segment that would move it."),
        ("/a/%252e%252e;x/b", "its path has a segment that would move it."),
        ("/a%2Fb", "its path has a segment that would move it."),
        ("/a\\b", "its path holds a character that paths do not have."),
        ("/a?b=c", "its path holds a character that paths do not have."),
        ("/a#b", "its path holds a character that paths do not have."),
        ("/a\nb", "its path holds a character that paths do not have."),
        ("https://evil.example/", "its path does not begin with `/`."),
        ("@evil.example/", "its path does not begin with `/`."),
        ("/{a}", "its path has {a}, which is no parameter of it."),
        ("/{a", "its path has a brace without its other half, or more than a name between braces."),
        ("/${{ secrets }}", "its path has { secrets }, which is no parameter of it."),
        ("/" + "a" * 500, "its path is too long."),
    ],
)
def test_a_path_with_a_trick_is_skipped(path: str, reason: str) -> None:
    assert skipped(path) in (reason, "its path has a brace without its other half, or more than a name between braces.")


def test_parameters_side_by_side_are_skipped() -> None:
    operation = {"parameters": [{"name": name, "in": "path", "schema": {"type": "string"}} for name in "ab"]}

    assert skipped("/{a}{b}", operation) == (
        "two parameters of its path stand side by side, and nobody knows where one ends."
    )


def test_parameters_of_the_path_become_expressions() -> None:
    declared = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("from", "to-id")
    ]

    flow = flow_of({"parameters": declared}, "/lanes/{from}..{to-id}:open")

    assert request_of(flow)["url"] == 'https://mill.example/v1/lanes/${{ args["from"] }}..${{ args.to_id }}:open'


# -- parameters ----------------------------------------------------------------------------------------------------


def test_a_parameter_keeps_its_type_bounds_enum_and_default() -> None:
    flow = flow_of(
        query({"type": "integer", "format": "int32", "minimum": 1, "maximum": 9, "default": 5}, description="How many")
    )

    assert params_of(flow) == {
        "q": {"type": "integer", "default": 5, "minimum": 1, "maximum": 9, "description": "How many"}
    }
    assert request_of(flow)["query"] == {"q": "${{ args.q }}"}


def test_quirks_of_openapi_3_0_become_json_schema_2020_12() -> None:
    schema = {"type": "number", "nullable": True, "minimum": 0, "exclusiveMinimum": True, "example": 3}
    body = taking({"type": "object", "required": ["n"], "properties": {"n": schema}})

    flow = flow_of(body, method="post", version="3.0.3")

    assert params_of(flow) == {"n": {"type": ["number", "null"], "exclusiveMinimum": 0, "description": "N."}}


@pytest.mark.parametrize(
    ("more", "sent"),
    [
        ({}, {"q": "${{ args.q }}"}),
        ({"explode": False}, {"q": '${{ ",".join(args.q) if args.q is not None else None }}'}),
        ({"explode": False, "style": "pipeDelimited", "required": True}, {"q": '${{ "|".join(args.q) }}'}),
        ({"style": "deepObject"}, {"q[]": "${{ args.q }}"}),
    ],
)
def test_a_list_is_sent_in_the_style_that_is_described(more: dict[str, Any], sent: dict[str, str]) -> None:
    flow = flow_of(query({"type": "array", "items": {"type": "string"}}, **more))

    assert request_of(flow)["query"] == sent


def test_an_object_of_a_query_is_sent_member_by_member() -> None:
    schema = {"type": "object", "properties": {"gte": {"type": "integer"}, "lt": {"type": "integer"}}}

    flow = flow_of(query(schema, style="deepObject"))

    assert request_of(flow)["query"] == {"q[gte]": '${{ get(args.q, "gte") }}', "q[lt]": '${{ get(args.q, "lt") }}'}


def test_a_header_with_one_value_is_sent_without_asking() -> None:
    version = {"name": "X-Version", "in": "header", "required": True, "schema": {"type": "string", "enum": ["7"]}}
    own = {"name": "Authorization", "in": "header", "required": True, "schema": {"type": "string"}}

    flow = flow_of({"parameters": [version, own]})

    assert (request_of(flow)["headers"], params_of(flow)) == ({"X-Version": "7"}, {})


def test_an_expression_in_a_description_is_only_text() -> None:
    hostile = "Say ${{ vars.key }}\u202e and \x00 [click](https://evil.example) <script>now</script>"

    flow = flow_of({"description": hostile, **query({"type": "string", "default": "${{ args }}"}, description=hostile)})

    assert flow["description"] == "Say $ {{ vars.key }} and click now."
    assert params_of(flow)["q"] == {
        "type": "string", "required": False, "description": "Say $ {{ vars.key }} and click now",
    }  # fmt: skip


# -- references ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("https://evil.example/x.json#/a", "it refers to 'https://evil.example/x.json#/a', and only references inside"),
        ("file:///etc/passwd", "it refers to 'file:///etc/passwd', and only references inside"),
        ("../other.yaml", "it refers to '../other.yaml', and only references inside"),
        ("#/components/parameters/Nowhere", "the reference '#/components/parameters/Nowhere' leads nowhere"),
        ("#/components/parameters/Loop", "the reference '#/components/parameters/Loop' leads back to itself"),
        (7, "a $ref is not text"),
    ],
)
def test_a_reference_is_followed_inside_the_document_only(ref: Any, reason: str) -> None:
    components = {"parameters": {"Loop": {"$ref": "#/components/parameters/Loop"}}}

    assert skipped("/sacks", {"parameters": [{"$ref": ref}]}, components=components).startswith(reason)


def test_a_schema_that_holds_itself_ends_in_a_plain_object() -> None:
    node = {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/components/schemas/Node"}}}

    flow = flow_of(taking({"$ref": "#/components/schemas/Node"}), method="post", components={"schemas": {"Node": node}})

    assert params_of(flow) == {
        "name": {"type": "string", "required": False, "description": "Name."},
        "next": {"type": "object", "required": False, "description": "Next."},
    }


def test_a_schema_that_doubles_at_every_level_stays_small() -> None:
    schemas: dict[str, Any] = {"S0": {"type": "string"}}
    for n in range(1, 40):
        schemas[f"S{n}"] = {
            "type": "object", "properties": {key: {"$ref": f"#/components/schemas/S{n - 1}"} for key in "abcdefgh"},
        }  # fmt: skip

    generated = made(
        {"/s": {"post": {**taking({"$ref": "#/components/schemas/S39"}), "responses": OK}}},
        components={"schemas": schemas},
    )

    assert max(map(len, generated.files.values())) < 40_000


def test_all_parts_of_a_schema_count() -> None:
    schema = {
        "allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"b": {"type": "boolean"}}, "required": ["b"]}]
    }
    base = {"type": "object", "properties": {"a": {"type": "string"}, "id": {"type": "string", "readOnly": True}}}

    flow = flow_of(taking(schema), method="post", components={"schemas": {"A": base}})

    assert list(params_of(flow)) == ["b", "a"]


# -- bodies --------------------------------------------------------------------------------------------------------


def test_the_members_of_a_small_body_become_arguments() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}

    assert request_of(flow_of(taking(schema), method="post"))["json"] == '${{ drop_null(pick(args, ["a", "b"])) }}'


def test_a_body_whose_members_clash_with_parameters_stays_whole() -> None:
    schema = {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}}

    flow = flow_of({**query({"type": "string"}), **taking(schema)}, method="post")

    assert request_of(flow)["json"] == "${{ args.body }}"
    declared = flow["input"]["mcp_tool"]["schema"]
    assert declared["required"] == ["body"]
    assert declared["properties"]["body"]["required"] == ["q"]


def test_a_large_body_stays_whole() -> None:
    schema = {"type": "object", "properties": {f"m{n}": {"type": "string"} for n in range(16)}}

    assert list(params_of(flow_of(taking(schema), method="post"))) == ["body"]


def test_a_member_that_may_be_null_and_must_be_there_is_sent_as_null() -> None:
    members = {"a": {"type": ["string", "null"]}, "b": {"type": "string"}}

    flow = flow_of(taking({"type": "object", "required": ["a"], "properties": members}), method="patch")

    assert request_of(flow)["json"] == '${{ merge({"a": args.a}, drop_null(pick(args, ["b"]))) }}'


def test_a_form_is_sent_as_one() -> None:
    members = {"a": {"type": "string"}, "deep": {"type": "object", "properties": {"x": {"type": "string"}}}}

    flow = flow_of(
        taking({"type": "object", "properties": members}, "application/x-www-form-urlencoded"), method="post"
    )

    assert request_of(flow)["form"] == {"a": "${{ args.a }}"}


def test_a_file_that_must_be_sent_is_a_reason_to_skip() -> None:
    assert skipped("/f", taking({"type": "object"}, "multipart/form-data"), "post") == (
        "its body is multipart/form-data, and only JSON, forms and text can be made of arguments."
    )


# -- answers -------------------------------------------------------------------------------------------------------


def test_a_small_answer_is_replied_with_whole_and_declared() -> None:
    flow = flow_of(answering({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}))

    assert flow["output"] == {"reply": "${{ answer.body }}"}
    assert flow["input"]["mcp_tool"]["returns"] == {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert flow["tests"][0]["expect"] == {"n": 1}


def test_of_a_large_answer_the_fields_that_say_most_are_kept() -> None:
    members: dict[str, Any] = {f"m{n}": {"type": "string"} for n in range(30)}
    members |= {"id": {"type": "integer"}, "owner": {"type": "object", "properties": {"login": {"type": "string"}}}}
    members |= {"avatar_url": {"type": "string"}}

    flow = flow_of(answering({"type": "array", "items": {"type": "object", "properties": members}}))

    kept = flow["vars"]["fields"]
    assert (kept[0], kept[-1], len(kept)) == ("id", "owner.login", 16)
    assert "avatar_url" not in kept
    assert "returns" not in flow["input"]["mcp_tool"]


def test_a_page_keeps_its_token_and_trims_what_it_lists() -> None:
    sack = {"type": "object", "properties": {f"m{n}": {"type": "string"} for n in range(20)}}
    page = {"nextPageToken": {"type": "string"}, "items": {"type": "array", "items": sack}}

    flow = flow_of(answering({"type": "object", "properties": page}))

    assert flow["output"]["reply"] == {
        "nextPageToken": '${{ get(answer.body, "nextPageToken") }}',
        "items": "${{ [drop_null({field: get(each, field) for field in vars.fields}) "
        'for each in get(answer.body, "items", [])] }}',
    }


def test_a_person_can_say_which_fields_to_keep() -> None:
    spec = described({"/sacks": {"get": answering({"type": "object", "properties": {"a": {"type": "string"}}})}})

    generated = generate(spec, Choice(), Options(fields=("a", "b.c")))

    assert "vars: {fields: [a, b.c]}" in generated.files["flows/list_sacks.yaml"]


def test_a_redirect_is_replied_with_its_address() -> None:
    flow = flow_of({"responses": {"302": {"description": "Elsewhere."}}})

    assert request_of(flow)["ok"] == ["2xx", 302]
    assert flow["output"]["reply"]["location"] == '${{ get(answer.headers, "location") }}'


@pytest.mark.parametrize(
    ("method", "annotations"),
    [
        ("get", {"readOnly": True}),
        ("head", {"readOnly": True}),
        ("post", {"readOnly": False, "destructive": False}),
        ("put", {"readOnly": False, "destructive": True, "idempotent": True}),
        ("patch", {"readOnly": False, "destructive": True}),
        ("delete", {"readOnly": False, "destructive": True, "idempotent": True}),
    ],
)
def test_the_method_says_what_a_tool_does_to_the_world(method: str, annotations: dict[str, bool]) -> None:
    assert flow_of({"operationId": "do"}, method=method)["input"]["mcp_tool"]["annotations"] == annotations


# -- where and how -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        ({"type": "http", "scheme": "Bearer"}, "{type: bearer}"),
        ({"type": "http", "scheme": "basic"}, "{type: basic}"),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "{type: api_key, name: X-Key}"),
        ({"type": "apiKey", "in": "query", "name": "key"}, "{type: api_key, name: key, place: query}"),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://id.example/t", "scopes": {}}}},
            '{type: oauth2_client_credentials, token_url: "https://id.example/t", scopes: [read]}',
        ),
    ],
)
def test_a_way_to_sign_in_becomes_the_connection_of_the_pack(scheme: dict[str, Any], auth: str) -> None:
    more = {"components": {"securitySchemes": {"key": scheme}}, "security": [{"key": ["read"]}]}

    generated = made({"/sacks": {"get": {"operationId": "sacks", "responses": OK}}}, **more)

    assert f"    auth: {auth}\n" in generated.files["pack.yaml"]
    assert "      connection: mill\n      path: /sacks\n" in generated.files["flows/list_sacks.yaml"]


@pytest.mark.parametrize(
    ("server", "note"),
    [
        ({"url": "/v1"}, "the address of the server is relative"),
        ({"url": "file:///etc"}, "the address of the server does not begin with https:// and a host"),
        ({"url": "https://a@b.example"}, "the address of the server cannot be used: A URL holds no user name"),
        ({"url": "https://{x}.example"}, "the address of the server has {x}, which has no default"),
        ({"url": "https://mill.example/../x"}, "its path has a segment that would move it"),
    ],
)
def test_an_address_that_cannot_be_used_is_asked_for(server: dict[str, Any], note: str) -> None:
    generated = made({"/sacks": {"get": {"responses": OK}}}, servers=[server])

    assert any(note in each.message for each in generated.notes)
    assert "base_url" not in generated.files["pack.yaml"]
    assert "connection: mill" in generated.files["flows/list_sacks.yaml"]


def test_an_operation_that_goes_elsewhere_is_skipped() -> None:
    operation = {"servers": [{"url": "https://evil.example"}]}

    assert skipped("/sacks", operation) == "it goes to another server than the others, evil.example."


def test_operations_are_chosen_by_tag_path_and_id() -> None:
    paths = {
        "/a/x": {"get": {"operationId": "x", "tags": ["one"], "responses": OK}},
        "/a/y": {"get": {"operationId": "y", "tags": ["two"], "responses": OK}},
        "/b": {"get": {"operationId": "z", "tags": ["two"], "responses": OK}},
    }
    spec = described(paths)

    def chosen(**choice: tuple[str, ...]) -> list[str]:
        return [file for file in generate(spec, Choice(**choice)).files if file.startswith("flows/")]

    assert chosen(tags=("two",)) == ["flows/list_y.yaml", "flows/list_z.yaml"]
    assert chosen(tags=("two",), paths=("/a/*",)) == ["flows/list_y.yaml"]
    assert chosen(ids=("x",), paths=("/b",)) == ["flows/list_x.yaml", "flows/list_z.yaml"]
    with pytest.raises(SpecRefused) as refused:
        chosen(tags=("three",))
    assert str(refused.value) == "None of the 3 operations fits what was chosen. Its tags: two (2), one (1)."


def test_more_operations_than_a_pack_has_flows_are_refused() -> None:
    spec = described({f"/p{n}": {"get": {"responses": OK}} for n in range(201)})

    with pytest.raises(SpecRefused) as refused:
        generate(spec)

    assert str(refused.value) == (
        "201 operations were chosen, and a pack has at most 200 flows. Choose with --tag, --path or --operation."
    )
