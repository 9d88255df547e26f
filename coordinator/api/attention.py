"""Say what needs somebody now, the worst first, each with the page where to do it.  Everything comes from memory."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from coordinator.services import Services

Level = Literal["error", "warning", "info"]


class AttentionOut(Struct, frozen=True, kw_only=True):
    """Something that needs somebody."""

    level: Annotated[Level, Meta(description="How bad it is.")]
    title: Annotated[str, Meta(description="What it is, in a sentence.")]
    detail: Annotated[str, Meta(description="What to do.")]
    path: Annotated[str, Meta(description="The page where to do it; empty when there is none.")]


async def what_needs_somebody(services: Services) -> list[AttentionOut]:
    """Return everything that needs somebody, the worst first."""
    found = [*_server(services), *_flows(services), *await what_cannot_work(services), *_pages(services)]
    return sorted(found, key=lambda each: ("error", "warning", "info").index(each.level))


async def what_cannot_work(services: Services) -> list[AttentionOut]:
    """Return the connections that cannot be used, and the installs whose tools are hidden for another reason."""
    connections = list(_connections(services))
    said = {each.lacking for each in services.connections.available().values()}
    return [*connections, *await _installs(services, said)]


def plural(count: int, word: str) -> str:
    """Return how many there are of something."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _server(services: Services) -> Iterator[AttentionOut]:
    if services.resync.database_error:
        yield AttentionOut(
            level="error",
            title="The database cannot be asked.",
            detail=f"{services.resync.database_error} What is served stays as it is until it is back.",
            path="/problems",
        )
    if services.metrics.dropped_runs:
        yield AttentionOut(
            level="warning",
            title=f"{plural(services.metrics.dropped_runs, 'run')} missing from the history.",
            detail="The database took them too slowly, or was away. The calls themselves went on.",
            path="/problems",
        )


def _flows(services: Services) -> Iterator[AttentionOut]:
    problems = services.problems()
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        yield AttentionOut(
            level="error",
            title=f"{plural(errors, 'error')} in flows.",
            detail="Each is shown with its place and how to fix it. The last good version goes on being served.",
            path="/problems",
        )
    if warnings := len(problems) - errors:
        yield AttentionOut(
            level="warning",
            title=f"{plural(warnings, 'warning')} in flows.",
            detail="They are served; each warning says what to mend.",
            path="/problems",
        )


def _connections(services: Services) -> Iterator[AttentionOut]:
    available = services.connections.available()
    for entry in services.connections.entries():
        path = f"/connections/{entry.name}"
        if entry.problem:
            title = f"The connection {entry.name} cannot be used."
            yield AttentionOut(level="error", title=title, detail=entry.problem, path=path)
        elif available[entry.name].lacking:
            title = f"Nobody is signed in for the connection {entry.name}."
            detail = "Sign in there; the tools of packs that need it are hidden until then."
            yield AttentionOut(level="warning", title=title, detail=detail, path=path)


async def _installs(services: Services, said: set[str]) -> list[AttentionOut]:
    return [
        AttentionOut(
            level="warning",
            title=f"The tools of the install {name} are hidden.",
            detail=" ".join(others),
            path=f"/packs/installed/{name}",
        )
        for name, reasons in (await services.packs.waiting()).items()
        if (others := [each for each in reasons if each not in said])
    ]


def _pages(services: Services) -> Iterator[AttentionOut]:
    if services.is_open:
        yield AttentionOut(
            level="info",
            title="The web pages are open to every program on this machine.",
            detail="Make an account to close them.",
            path="/settings/account",
        )
