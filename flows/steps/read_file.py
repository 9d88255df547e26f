"""Step `read_file`: lines of a text file in a folder."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.errors import StepError
from flows.sdk import Example, StepContext, step
from flows.steps._folder import VALUE, Budget, Hidden, Path, Root, in_thread, open_folder
from flows.steps._folder_text import NoText, no_text, read_text

MAX_CHARACTERS = 200_000


class ReadFileConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read a text file."""

    root: Root
    path: Path
    first_line: Annotated[
        int, Meta(description="The line to begin with; the first one is 1.", ge=1, extra_json_schema=VALUE)
    ] = 1
    lines: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="How many lines; null: as many as `max_characters` allow.", extra_json_schema=VALUE),
    ] = None
    max_characters: Annotated[
        int, Meta(description="How many characters at most.", ge=1, le=MAX_CHARACTERS, extra_json_schema=VALUE)
    ] = 50_000
    hidden: Hidden = False


BEGINNING = Example(
    title="Read the first lines of a file",
    config={"root": "/srv/documents", "path": "${{ args.path }}", "lines": 100},
    args={"path": "notes/today.md"},
)


@step("read_file", config=ReadFileConfig, reaches_out=True, examples=(BEGINNING,))
async def read_file(config: ReadFileConfig, context: StepContext) -> dict[str, Any]:
    """Read lines of a text file; the result has `text`, `first_line`, `last_line`, `next_line` and `total_lines`.

    `next_line` is null when nothing comes after.  What is not text is refused, and so is a file beyond 10 MiB.  The
    folder must hold a file `.headrace-folder`, put there by somebody with access to the machine; links are not
    followed.
    """
    return await in_thread(context, lambda budget: _read(config, budget))


def _read(config: ReadFileConfig, budget: Budget) -> dict[str, Any]:
    with (
        open_folder(config.root, hidden=config.hidden) as folder,
        folder.opened(config.path) as (descriptor, entry),
    ):
        if entry.is_folder:
            raise StepError(f"{config.path!r} is a folder.", code="not_a_file", fix="List it, and name a file in it.")
        try:
            text, encoding = read_text(descriptor, entry.status.st_size)
        except NoText as reason:
            raise no_text(entry.path, str(reason)) from None
        budget.check()
        return {**entry.described(), "encoding": encoding, **_lines(text, config)}


def _lines(text: str, config: ReadFileConfig) -> dict[str, Any]:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    first, room = config.first_line, config.max_characters
    most = len(lines) if config.lines is None else config.lines
    taken: list[str] = []
    is_cut = False
    for line in lines[first - 1 : first - 1 + most]:
        if len(line) + 1 > room:
            is_cut = not taken  # a line that is longer than all that may be read gives its beginning
            if is_cut:
                taken.append(line[:room])
            break
        taken.append(line.removesuffix("\r"))
        room -= len(line) + 1
    last = first - 1 + len(taken)
    return {
        "text": "\n".join(taken),
        "first_line": first,
        "last_line": last,
        "next_line": last + 1 if last < len(lines) else None,
        "total_lines": len(lines),
        "is_cut": is_cut,
    }
