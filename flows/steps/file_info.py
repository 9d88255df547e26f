"""Step `file_info`: what a file or folder is, without its content."""

from typing import Any

from msgspec import Struct

from flows.errors import StepError
from flows.sdk import Example, StepContext, step
from flows.steps._folder import Hidden, Path, Root, in_thread, open_folder
from flows.steps._folder_text import NoText, read_text


class FileInfoConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Look at a file or folder."""

    root: Root
    path: Path = ""
    hidden: Hidden = False


LOOK = Example(
    title="Look at a file", config={"root": "/srv/documents", "path": "${{ args.path }}"}, args={"path": "a.md"}
)


@step("file_info", config=FileInfoConfig, reaches_out=True, examples=(LOOK,))
async def file_info(config: FileInfoConfig, context: StepContext) -> dict[str, Any]:
    """Say what a file or folder is: `path`, `type`, `size`, `modified`, and `kind`, `encoding` and `lines` of a file.

    `kind` is `text`, or says what else it is; `encoding` and `lines` are null then.  The folder must hold a file
    `.headrace-folder`, put there by somebody with access to the machine; links are not followed.
    """
    return await in_thread(context, lambda _budget: _look(config))


def _look(config: FileInfoConfig) -> dict[str, Any]:
    with (
        open_folder(config.root, hidden=config.hidden) as folder,
        folder.opened(config.path) as (descriptor, entry),
    ):
        found = {**entry.described(), "kind": None, "encoding": None, "lines": None}
        if entry.is_folder:
            return found
        try:
            text, encoding = read_text(descriptor, entry.status.st_size)
        except NoText as kind:
            return {**found, "kind": str(kind)}
        except StepError:
            return {**found, "kind": "a file too large to be read"}
        return {
            **found,
            "kind": "text",
            "encoding": encoding,
            "lines": text.count("\n") + (text[-1:] not in ("", "\n")),
        }
