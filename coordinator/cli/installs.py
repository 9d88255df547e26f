"""`pack list|show|install|set|upgrade|rollback|disable|enable|remove`: the packs of a running server."""

from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from coordinator.cli.client import Refused, Server, ServerUrl, part, server
from coordinator.cli.console import AsJson, is_watched, plural, print_json, print_table, say
from coordinator.cli.new_connections import Made, Secrets, new_connections, parse_setting
from flows.errors import InputRejected

Name = Annotated[str, typer.Argument(help="The name of the install.")]
Source = Annotated[
    str, typer.Argument(help="The name of a pack, a folder, a .zip, or the https address of a zip (with --sha256).")
]
Digest = Annotated[str, typer.Option("--sha256", help="The SHA-256 of the zip.")]
OnlyPreview = Annotated[bool, typer.Option("--preview", help="Only say what would appear.")]
Prefix = Annotated[str | None, typer.Option(help="Start of the tools' names.")]
Bound = Annotated[
    list[str] | None,
    typer.Option(
        "--connect", "-c", help="`pack's name=connection` that is there; a name alone means the same; may be repeated."
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        help="A variable: `name=text`, or `name:=json`; a setting of a new connection: `pack's name.setting=text`; "
        "may be repeated.",
    ),
]
Tools = Annotated[list[str] | None, typer.Option("--tool", help="Only this tool, without prefix; may be repeated.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="Only this group of tools; may be repeated.")]
Note = Annotated[str | None, typer.Option(help="Ends the tools' descriptions, to tell two installs apart.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(list_packs)
    for command in (show, install, upgrade, rollback, enable, disable, remove):
        app.command()(command)
    app.command("set")(set_choices)


def list_packs(as_json: AsJson = False, url: ServerUrl = None) -> None:
    """List what is installed, and the packs that can be installed by name."""
    found = server(url)
    installs = found.get("/api/packs/installs")["installs"]
    packs = found.get("/api/packs")["packs"]
    if as_json:
        print_json({"installs": installs, "packs": packs})
        return
    print_table(("install", "pack", "version", "tools", "state"), map(_install_row, installs))
    if is_watched():
        print()
    rows = ((each["name"], each["version"], str(each["tools"]), each["description"]) for each in packs)
    print_table(("pack", "version", "tools", "description"), rows)


def show(
    name: Annotated[str, typer.Argument(help="The name of an install, or of a pack.")],
    pack: Annotated[bool, typer.Option("--pack", help="The pack, also where an install has its name.")] = False,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Show an install; or a pack, with what it needs."""
    found = server(url)
    shown = None if pack else _if_there(found, f"/api/packs/installs/{part(name)}")
    if shown is None:
        _show_pack(found.get(f"/api/packs/{part(name)}"), as_json=as_json)
        return
    if as_json:
        print_json(shown)
        return
    version = f"{shown['title']} {shown['pack_version']}"
    say(f"The install {shown['name']!r}: {version}, {_state(shown)}, alone at {found.url}{shown['path']}")
    if _if_there(found, f"/api/packs/{part(name)}") is not None:
        say(f"A pack has this name too: `headrace pack show {name} --pack` shows it.")
    _say_missing(shown)
    _say_unbound(shown)
    print_table(("tool", "changes", "description"), map(_tool_row, shown["tools"]))


def _if_there(found: Server, path: str) -> Any:
    try:
        return found.get(path)
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None


def install(
    source: Source,
    name: Annotated[str, typer.Option(help="The name of the install; that of the pack unless given.")] = "",
    prefix: Prefix = None,
    connect: Bound = None,
    new_connection: Made = None,
    variable: Variables = None,
    secret: Secrets = None,
    tool: Tools = None,
    group: Groups = None,
    note: Note = None,
    sha256: Digest = "",
    preview: OnlyPreview = False,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Install a pack; its tools are live when the command returns."""
    new, variables = new_connections(new_connection, variable, secret)
    _take_as_ours(source, new)
    choices = _choices({}, prefix, connect, variables, tool, group, note)
    body = {"source": _source(source, sha256), "name": name, "choices": choices, "new_connections": new}
    found = server(url)
    if preview:
        _show_preview(found.post("/api/packs/preview", body), as_json=as_json)
        return
    _show_install(found, found.post("/api/packs/installs", body), as_json=as_json)


def set_choices(
    name: Name,
    prefix: Prefix = None,
    connect: Bound = None,
    new_connection: Made = None,
    variable: Variables = None,
    secret: Secrets = None,
    tool: Tools = None,
    group: Groups = None,
    note: Note = None,
    preview: OnlyPreview = False,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Change what was chosen at install; what is not named stays."""
    new, variables = new_connections(new_connection, variable, secret)
    found = server(url)
    path = f"/api/packs/installs/{part(name)}"
    choices = _choices(found.get(path)["choices"], prefix, connect, variables, tool, group, note)
    body = {"choices": choices, "new_connections": new}
    if preview:
        _show_preview(found.post(f"{path}/preview", body), as_json=as_json)
        return
    _show_install(found, found.put(path, body), as_json=as_json)


def upgrade(
    name: Name,
    source: Annotated[
        str, typer.Argument(help="Where the other version is, as for `install`; else found by the pack's name.")
    ] = "",
    sha256: Digest = "",
    preview: OnlyPreview = False,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Take another version of the pack; choices and connections are kept."""
    found = server(url)
    path = f"/api/packs/installs/{part(name)}/upgrade"
    body = {"source": _source(source, sha256) if source else None}
    if preview:
        _show_preview(found.post(f"{path}/preview", body), as_json=as_json)
        return
    _show_install(found, found.post(path, body), as_json=as_json)


def rollback(
    name: Name,
    number: Annotated[int, typer.Argument(help="The version of the install; every change makes one, from 1 on.")],
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Bring an old version of an install back, with its choices, as a new one."""
    found = server(url)
    made = found.post(f"/api/packs/installs/{part(name)}/rollback", {"number": number})
    _show_install(found, made, as_json=as_json)


def enable(name: Name, url: ServerUrl = None) -> None:
    """Show the tools of an install again."""
    server(url).post(f"/api/packs/installs/{part(name)}/enable")


def disable(name: Name, url: ServerUrl = None) -> None:
    """Hide the tools of an install: they leave the list, and come back when it is enabled."""
    server(url).post(f"/api/packs/installs/{part(name)}/disable")


def remove(
    name: Name,
    with_connections: Annotated[
        bool, typer.Option("--with-connections", help="Also the connections, with their secrets, that only it uses.")
    ] = False,
    yes: Yes = False,
    url: ServerUrl = None,
) -> None:
    """Remove an install with its tools and its versions; connections stay unless you say otherwise."""
    found = server(url)
    path = f"/api/packs/installs/{part(name)}"
    if not yes:
        shown = found.get(path)
        tools = [tool["name"] for tool in shown["tools"]]
        say(f"This takes away {plural(len(tools), 'tool')}: {', '.join(tools)}.")
        _say_connections(shown, "goes too" if with_connections else "stays, unless you say --with-connections")
        typer.confirm(f"Remove the install {name!r}?", abort=True)
    gone = found.delete(path, connections="true" if with_connections else None)
    say(f"The install {gone['name']!r} is removed, with {plural(len(gone['tools']), 'tool')}.")
    _say_connections(gone, "is gone too" if with_connections else "stays: `headrace connection remove` takes it away")


def _say_connections(shown: dict[str, Any], becomes: str) -> None:
    for name in sorted({each["name"] for each in shown["connections"] if each["only_here"]}):
        say(f"The connection {name!r}, which nothing else uses, {becomes}.")


# -- what is sent --------------------------------------------------------------------------------------------------


def _source(text: str, sha256: str) -> dict[str, str]:
    """Return what REST takes: a folder of this machine is sent as a zip."""
    from packs.archive import make_archive
    from packs.loader import folder_files, sound_pack

    path = Path(text)
    given = {"sha256": sha256} if sha256 else {}
    if text.startswith(("https://", "http://")):
        return {"url": text, **given}
    if _is_folder(text):
        files = folder_files(path)
        sound_pack(files, text)
        return {"zip": b64encode(make_archive(files)).decode()}
    if path.is_file():
        return {"zip": b64encode(path.read_bytes()).decode(), **given}
    if "/" in text or text.endswith(".zip"):
        raise InputRejected(f"There is no folder and no file {text!r}.")
    return {"pack": text, **given}


def _is_folder(text: str) -> bool:
    from packs.manifest import FILE

    path = Path(text)
    return path.is_dir() and ((path / FILE).is_file() or "/" in text)


def _take_as_ours(source: str, new: dict[str, Any]) -> None:
    """Let new connections reach private networks where a pack in a folder of this machine declares that.

    The server sees an upload, which opens nothing by itself.
    """
    from packs.loader import load_pack

    if new and _is_folder(source):
        for own, declared in load_pack(Path(source)).manifest.connections.items():
            if own in new and declared.allow_private:
                new[own]["settings"].setdefault("allow_private", True)


def _choices(
    before: dict[str, Any],
    prefix: str | None,
    connections: list[str] | None,
    variables: list[str] | None,
    tools: list[str] | None,
    groups: list[str] | None,
    note: str | None,
) -> dict[str, Any]:
    """Return the choices with what was named changed."""
    named = {"prefix": prefix, "tools": tools, "groups": groups, "note": note}
    choices = {**before, **{key: value for key, value in named.items() if value is not None}}
    bound = dict(_binding(text) for text in connections or ())
    choices["connections"] = {**choices.get("connections", {}), **bound}
    choices["variables"] = {**choices.get("variables", {}), **dict(map(parse_setting, variables or ()))}
    return choices


def _binding(text: str) -> tuple[str, str]:
    own, _, meant = text.partition("=")
    return own, meant or own


# -- what is shown -------------------------------------------------------------------------------------------------


def _show_pack(pack: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(pack)
        return
    summary = pack["summary"]
    say(f"The pack {summary['name']!r}: {summary['title']} {summary['version']}. {summary['description']}")
    needs = [
        (name, each["kind"], ", ".join(asked["name"] for asked in pack["asks"][name]), each["description"])
        for name, each in pack["connections"].items()
    ]
    print_table(("connection", "kind", "asks for", "what to supply"), needs)
    if any((each["auth"] or {}).get("type") == "oauth2_authorization_code" for each in pack["connections"].values()):
        say(f"The address to register at the provider is {pack['redirect_uri']}")
    variables = [
        (name, _default(each), each.get("description", "")) if isinstance(each, dict) else (name, "", "")
        for name, each in pack["variables"].items()
    ]
    print_table(("variable", "default", "description"), variables)
    print_table(("tool", "changes", "description"), map(_tool_row, pack["tools"]))


def _default(declared: dict[str, Any]) -> str:
    return msgspec.json.encode(declared["default"]).decode() if "default" in declared else ""


def _show_preview(preview: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(preview)
        return
    _say_missing(preview)
    for name in preview["conflicts"]:
        say(f"The name {name} is taken by another flow: choose another prefix.")
    for own, may in preview["private"].items():
        wants = f"The pack wants its connection {own!r} to reach this machine and private networks"
        say(f"{wants}, and a new one may." if may else f"{wants}: --set {own}.allow_private:=true lets a new one.")
    changes = {change["name"]: change for change in preview["changes"]}
    for tool in preview["tools"]:
        changes.setdefault(tool["name"], {"name": tool["name"], "change": "waits", "parts": []})
    rows = ((each["name"], each["change"], ", ".join(each["parts"])) for each in changes.values())
    print_table(("tool", "change", "of"), rows)


def _show_install(found: Server, shown: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    for tool in shown["tools"] if _state(shown) == "shown" else ():
        print(tool["name"])
    for name, sign_in in shown["sign_in"].items():
        say(f"Register {sign_in['redirect_uri']} at the provider, then sign in for {name!r} within ten minutes at:")
        print(sign_in["url"])
    _say_missing(shown)
    _say_unbound(shown)
    say(f"{shown['name']}: {shown['title']} {shown['pack_version']}, {_state(shown)}, at {found.url}{shown['path']}")


def _say_missing(shown: dict[str, Any]) -> None:
    for sentence in shown["missing"]:
        say(f"No tools are shown: {sentence}")
    for name, why in shown["hidden"].items():
        say(f"{name} is not shown: {why}")


def _say_unbound(shown: dict[str, Any]) -> None:
    """Say what to type when a connection that an install must have was not chosen."""
    for own in (each["own"] for each in shown["connections"] if each["required"] and not each["name"]):
        command = f"headrace pack set {shown['name']}"
        say(f"Name one that is there: {command} --connect {own}=NAME")
        say(f"Or make one: {command} --new-connection {own}=NAME, with --set and --secret for what it asks for.")


def _install_row(shown: dict[str, Any]) -> tuple[str, ...]:
    version = shown["pack_version"] + (f" ({shown['upgrade']} is there)" if shown["upgrade"] else "")
    return shown["name"], shown["pack"], version, str(len(shown["tools"])), _state(shown)


def _state(shown: dict[str, Any]) -> str:
    if not shown["enabled"]:
        return "disabled"
    return "not configured" if shown["missing"] else "shown"


def _tool_row(tool: dict[str, Any]) -> tuple[str, str, str]:
    changes = {True: "nothing", False: "something", None: "maybe"}[tool["read_only"]]
    return tool["name"], changes, tool["description"]
