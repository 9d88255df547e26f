"""Step `list_files`: the files and folders below a folder."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.sdk import Example, StepContext, step
from flows.steps._folder import MAX_LEVELS, VALUE, Budget, Hidden, Path, Pattern, Root, in_thread, open_folder
from flows.steps._globs import Glob

MAX_ENTRIES = 2000


class ListFilesConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """List what is in a folder."""

    root: Root
    path: Path = ""
    pattern: Pattern = None
    levels: Annotated[
        int,
        Meta(description="How deep to look: 1 is the folder alone.", ge=1, le=MAX_LEVELS, extra_json_schema=VALUE),
    ] = 1
    limit: Annotated[
        int, Meta(description="How many entries at most.", ge=1, le=MAX_ENTRIES, extra_json_schema=VALUE)
    ] = 500
    hidden: Hidden = False


FIND = Example(
    title="Find Markdown files",
    config={"root": "/srv/documents", "pattern": "*.md", "levels": 10},
)


@step("list_files", config=ListFilesConfig, reaches_out=True, examples=(FIND,))
async def list_files(config: ListFilesConfig, context: StepContext) -> dict[str, Any]:
    """List files and folders; the result has `entries` (`path`, `type`, `size`, `modified`) and `truncated`.

    The folder must hold a file `.headrace-folder`, put there by somebody with access to the machine.  Nothing outside
    of it can be seen, links are not followed.  With a `pattern` only files are listed.
    """
    return await in_thread(context, lambda budget: _list(config, budget))


def _list(config: ListFilesConfig, budget: Budget) -> dict[str, Any]:
    glob = None if config.pattern is None else Glob(config.pattern)
    entries: list[dict[str, Any]] = []
    with open_folder(config.root, hidden=config.hidden) as folder:
        for entry in folder.walk(config.path, config.levels, budget):
            if glob is not None and (entry.is_folder or not glob.fits(entry.path)):
                continue
            if len(entries) == config.limit:
                return {"entries": entries, "truncated": True}
            entries.append(entry.described())
    return {"entries": entries, "truncated": False}
