"""Write the manifest and the README of a pack that was made of a description."""

import re
from typing import Any, Final

from packs.openapi.notes import Note
from packs.openapi.operations import Operation
from packs.openapi.service import Service
from packs.openapi.spec import Spec
from packs.openapi.text import paragraph, plain, sentence, shortened
from packs.openapi.yaml_text import write_yaml

Flows = list[tuple[Operation, dict[str, Any]]]
SHOWN_NOTES: Final = 50
_SUPPLY: Final = {
    "bearer": "An access token of the API.",
    "api_key": "An API key.",
    "basic": "A user name and a password of the API.",
    "oauth2_authorization_code": "The client id and secret of an OAuth app of yours; then sign in.",
    "oauth2_client_credentials": "The client id and secret of an OAuth app of yours.",
}


def manifest_text(spec: Spec, service: Service, name: str, flows: Flows) -> str:
    """Return `pack.yaml`."""
    info = spec.root.get("info")
    about = paragraph(info.get("description"), 300) if isinstance(info, dict) else ""
    title = _title(spec, name)
    manifest: dict[str, Any] = {
        "name": name,
        "title": title,
        "version": "0.1.0",
        "description": sentence(about or f"Tools for {title}"),
    }
    if homepage := _homepage(spec):
        manifest["homepage"] = homepage
    manifest["headrace"] = ">=0.1"
    if service.needs_connection:
        manifest["connections"] = {name.replace("-", "_"): _connection(spec, service, title)}
    manifest["groups"] = _groups(flows)
    return write_yaml(manifest)


def _title(spec: Spec, name: str) -> str:
    return spec.title or name.replace("-", " ").capitalize()


def _homepage(spec: Spec) -> str:
    docs = spec.root.get("externalDocs")
    url = docs.get("url") if isinstance(docs, dict) else None
    return url if isinstance(url, str) and re.fullmatch(r"https://[!-~]{1,300}", url) and "{" not in url else ""


def _connection(spec: Spec, service: Service, title: str) -> dict[str, Any]:
    supply = _SUPPLY.get((service.auth or {}).get("type", ""), "The base URL of the API.")
    told = " ".join(each for each in (supply, sentence(service.about)) if each)
    connection: dict[str, Any] = {"kind": "http", "title": title, "description": shortened(told, 500)}
    if service.base_url:
        connection["base_url"] = service.base_url
    if service.auth:
        connection["auth"] = service.auth
    return connection


def _groups(flows: Flows) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for _, document in flows:
        is_read = document["input"]["mcp_tool"]["annotations"]["readOnly"]
        groups.setdefault("read" if is_read else "write", []).append(document["flow"])
    return dict(sorted(groups.items()))


def readme_text(spec: Spec, service: Service, name: str, flows: Flows, notes: list[Note]) -> str:
    """Return the README: the tools, what they need, what was left out."""
    title = _title(spec, name)
    lines = [f"# {title}", "", f"Tools for {title}, made of its {spec.kind} description.", *_needs(service)]
    lines += ["", "| tool | |", "|---|---|"]
    lines += [f"| `{document['flow']}` | {_cell(document['description'])} |" for _, document in flows]
    lines += ["", *_HOW.format(name=name).splitlines()]
    if notes:
        lines += ["", "## What was lost", ""]
        lines += [f"- {_cell(str(note))}" for note in notes[:SHOWN_NOTES]]
        if len(notes) > SHOWN_NOTES:
            lines.append(f"- and {len(notes) - SHOWN_NOTES} more.")
    return "\n".join(lines) + "\n"


_HOW: Final = """\
## Change it

Every tool is one file in `flows/`, written to be edited: shorten its description, remove what your model does not need.
Where an answer is large, the tool replies with the fields that `vars.fields` of its flow lists: add and remove fields
there, `user.login` reaches into an object.
Then try `headrace pack check {name}` and `headrace test {name}`."""


def _needs(service: Service) -> list[str]:
    if not service.needs_connection:
        return [f"Nothing has to be supplied; requests go to {service.base_url}."]
    return [f"It needs: {_SUPPLY.get((service.auth or {}).get('type', ''), 'the base URL of the API.')}"]


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|").replace("<", "&lt;")
