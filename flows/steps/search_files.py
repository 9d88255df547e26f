"""Step `search_files`: the lines of text files that fit a pattern, with the lines around them."""

from typing import Annotated, Any

import re2
from msgspec import Meta, Struct

from flows.errors import RunTimeout, StepError
from flows.sdk import Example, StepContext, step
from flows.steps._folder import (
    MAX_LEVELS,
    VALUE,
    Budget,
    Entry,
    Folder,
    Hidden,
    Path,
    Pattern,
    Root,
    in_thread,
    open_folder,
)
from flows.steps._folder_text import MAX_FILE_BYTES, NoText, read_text
from flows.steps._globs import Glob

MAX_MATCHES = 500
MAX_CONTEXT = 20
MAX_PATTERN = 500
MAX_LINE = 500
MAX_BYTES = 256 * 1024 * 1024
"""How much is read in one search."""
PATTERN_MEMORY = 512 * 1024


class SearchFilesConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Search the text of files."""

    root: Root
    search: Annotated[
        str,
        Meta(
            description="The text to find, or a regular expression (RE2) with `regex: true`.",
            min_length=1,
            max_length=MAX_PATTERN,
            extra_json_schema=VALUE,
        ),
    ]
    regex: Annotated[bool, Meta(description="Whether `search` is a regular expression.", extra_json_schema=VALUE)] = (
        False
    )
    ignore_case: Annotated[
        bool, Meta(description="Whether capital and small letters are the same.", extra_json_schema=VALUE)
    ] = True
    path: Path = ""
    pattern: Pattern = None
    context: Annotated[
        int, Meta(description="How many lines around each match.", ge=0, le=MAX_CONTEXT, extra_json_schema=VALUE)
    ] = 0
    limit: Annotated[
        int, Meta(description="How many matches at most.", ge=1, le=MAX_MATCHES, extra_json_schema=VALUE)
    ] = 100
    hidden: Hidden = False


WORD = Example(
    title="Find a word in Markdown files",
    config={"root": "/srv/documents", "search": "${{ args.word }}", "pattern": "*.md", "context": 2},
    args={"word": "sluice"},
)


@step("search_files", config=SearchFilesConfig, reaches_out=True, examples=(WORD,))
async def search_files(config: SearchFilesConfig, context: StepContext) -> dict[str, Any]:
    """Search the lines of text files; the result has `matches` (`path`, `line`, `text`, `before`, `after`).

    `truncated` says that there may be more, `files` how many were searched, `skipped` how many were not, because they
    are no text or larger than 10 MiB.  The folder must hold a file `.headrace-folder`, put there by somebody with
    access to the machine; links are not followed.
    """
    return await in_thread(context, lambda budget: _Search(config, budget).run())


class _Search:
    """One search with what it found so far."""

    def __init__(self, config: SearchFilesConfig, budget: Budget) -> None:
        self._config = config
        self._budget = budget
        self._pattern = _compiled(config)
        self._glob = None if config.pattern is None else Glob(config.pattern)
        self._bytes = 0
        self._files = 0
        self._skipped = 0
        self._matches: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        truncated = False
        with open_folder(self._config.root, hidden=self._config.hidden) as folder:
            try:
                truncated = not self._all_of(folder)
            except RunTimeout:
                if self._budget.stopped.is_set() or not self._matches:
                    raise
                truncated = True  # what was found in time is worth having
        return {"matches": self._matches, "truncated": truncated, "files": self._files, "skipped": self._skipped}

    def _all_of(self, folder: Folder) -> bool:
        """Search every file; False when it ended before the last one."""
        for entry in folder.walk(self._config.path, MAX_LEVELS, self._budget):
            if entry.is_folder or (self._glob is not None and not self._glob.fits(entry.path)):
                continue
            if entry.status.st_size > MAX_FILE_BYTES:
                self._skipped += 1
                continue
            self._bytes += entry.status.st_size
            if self._bytes > MAX_BYTES or not self._file(folder, entry):
                return False
        return True

    def _file(self, folder: Folder, entry: Entry) -> bool:
        try:
            with folder.opened(entry.path) as (descriptor, found):
                text, _ = read_text(descriptor, found.status.st_size)
        except (NoText, StepError, OSError):  # no text, gone meanwhile, or not for the server
            self._skipped += 1
            return True
        self._files += 1
        return self._lines(entry.path, text.split("\n"))

    def _lines(self, path: str, lines: list[str]) -> bool:
        search = self._pattern.search
        for index, line in enumerate(lines):
            if index % 1000 == 0:
                self._budget.check()
            if search(line) is None:
                continue
            if len(self._matches) == self._config.limit:
                return False
            around = self._config.context
            self._matches.append(
                {
                    "path": path,
                    "line": index + 1,
                    "text": _shortened(line),
                    "before": [_shortened(each) for each in lines[max(0, index - around) : index]],
                    "after": [_shortened(each) for each in lines[index + 1 : index + 1 + around]],
                }
            )
        return True


def _compiled(config: SearchFilesConfig) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    options.case_sensitive = not config.ignore_case
    options.literal = not config.regex
    try:
        return re2._Regexp(config.search, options)  # not `re2.compile`, whose cache would keep what callers wrote
    except re2.error as problem:
        reason = problem.args[0].decode("utf-8", "replace") if isinstance(problem.args[0], bytes) else str(problem)
        message = f"{config.search[:100]!r} is no regular expression: {reason[:200]}."
        raise StepError(message, code="bad_pattern", fix="The syntax is RE2's: no lookaround.") from None
    except UnicodeEncodeError:
        raise StepError("The pattern holds half a character.", code="bad_pattern", fix="Send whole ones.") from None


def _shortened(line: str) -> str:
    line = line.removesuffix("\r")
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
