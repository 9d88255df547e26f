"""Texts with a cursor in them: `|` says where it is."""


def cursor_in(marked: str) -> tuple[str, int, int]:
    """Return the text without its cursor, and the line and column of that, from 1."""
    before, _, after = marked.partition("|")
    return before + after, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
