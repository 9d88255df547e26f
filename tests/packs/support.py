"""A small pack for tests: a mill with a connection, a variable, an inner flow and two groups."""

from packs.pack import Pack

MANIFEST = """\
name: mill
title: Mill
version: 1.0.0
description: Grind what is there.
connections:
  store: {kind: sql, title: Store, description: The database of the mill.}
variables:
  load: {type: integer, minimum: 1, default: 2, description: How much at a time}
groups:
  read: [count_sacks]
  write: [grind]
"""
COUNT = """\
flow: count_sacks
description: Say how many sacks there are.
input: {mcp_tool: {annotations: {readOnly: true}}}
steps:
  - id: found
    sql: {connection: store, query: "SELECT 7 AS sacks"}
output: {reply: {sacks: "${{ found.rows[0].sacks }}"}}
tests:
  - {name: seven, mock: {found: {rows: [{sacks: 7}]}}, expect: {sacks: 7}}
"""
GRIND = """\
flow: grind
description: Grind some sacks.
input: {mcp_tool: {annotations: {readOnly: false, destructive: false}}}
steps:
  - id: ready
    call: turn
output: {reply: {ground: "${{ ready }}"}}
tests:
  - {name: one turn, expect: {ground: 2}}
"""
TURN = """\
flow: turn
input: {call: {}}
steps: [{map: "${{ vars.load }}"}]
tests:
  - {name: a turn, expect: 2}
"""


def mill(**changed: str | None) -> dict[str, bytes]:
    """Return the files of the pack, some of them changed (`manifest`, `count`, `grind`, `turn`) or left out."""
    texts = {
        "pack.yaml": changed.get("manifest", MANIFEST),
        "README.md": changed.get("readme", "# Mill\n"),
        "flows/count_sacks.yaml": changed.get("count", COUNT),
        "flows/grind.yaml": changed.get("grind", GRIND),
        "flows/turn.yaml": changed.get("turn", TURN),
    }
    return {file: text.encode() for file, text in texts.items() if text is not None}


def grouped_by_subject(pack: Pack) -> set[str]:
    """Return the tools that are in a group beside `read` and `write`."""
    return {tool for name, tools in pack.manifest.groups.items() if name not in ("read", "write") for tool in tools}
