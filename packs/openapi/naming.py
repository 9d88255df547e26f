"""Name the tools: verb first, snake_case, short enough, each one once."""

import re
from collections.abc import Iterable
from typing import Final

from packs.manifest import MAX_FLOW_NAME
from packs.openapi.operations import Operation

_VERBS: Final = (
    "accept activate add analyze append apply approve archive assign attach authorize ban batch block bulk cancel "
    "change check clear clone close commit compare complete compute confirm convert copy count create deactivate "
    "decline delete deny deploy detach disable dismiss dispatch download edit enable enqueue evaluate exchange "
    "execute export fetch find finish follow fork generate get grant hide import insert invite invoke join kick "
    "leave link list lock login logout lookup make mark merge modify move mute open patch pause pin ping poll "
    "post predict preview process publish pull purge push put query read rebase receive redeem redeliver register "
    "reject release reload remove rename render reopen reorder replace report request rerequest rerun reset "
    "resize resolve restart restore resume retrieve retry revoke rotate run save scan schedule scope search "
    "select send set share show sign stage star start stop submit subscribe suspend switch sync test track "
    "transfer trigger unarchive unassign unban unblock undelete undo unfollow unlink unlock unmute unpin "
    "unpublish unstack unstar unsubscribe unsuspend untrack update upgrade upload upsert use validate verify view "
    "void vote watch write "
)
VERBS: Final = frozenset(_VERBS.split())
JOINERS: Final = frozenset(
    ["all", "any", "as", "at", "by", "for", "from", "in", "into", "of", "on", "to", "with", "within", "without"]
)
_FILLERS: Final = frozenset(["a", "an", "the", "api", "rest", "v1", "v2", "v3"])
_LEAST_USEFUL: Final = ("authenticated", "specific", "a", "an", "the", "by", "of", "for", "in", "to", "with")
_BY_METHOD: Final = {
    "GET": "get", "HEAD": "check", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete",
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_READ: Final = 300


class Names:
    """Gives every operation of a pack a name of its own."""

    def __init__(self, limit: int = MAX_FLOW_NAME) -> None:
        self._limit = limit
        self._taken: set[str] = set()

    def name(self, operation: Operation) -> str:
        """Return the operation's name: the first of its candidates that is free."""
        for words in _candidates(operation):
            name = fitted(words, self._limit)
            if name and name not in self._taken:
                break
        else:
            name = self._numbered(fitted(next(iter(_candidates(operation))), self._limit) or "call")
        self._taken.add(name)
        return name

    def _numbered(self, name: str) -> str:
        number = 2
        while (numbered := f"{name[: self._limit - len(str(number)) - 1]}_{number}") in self._taken:
            number += 1
        return numbered


def words_of(text: str) -> list[str]:
    """Split an identifier of any style into lower-case words."""
    return [word.lower() for word in _WORD.findall(text[:_READ])]


def fitted(words: Iterable[str], limit: int) -> str:
    """Join words by `_`, leaving out the least useful ones until they fit."""
    kept = [word for word in words if word]
    for filler in _LEAST_USEFUL:
        if len("_".join(kept)) <= limit:
            break
        kept = [kept[0], *(word for word in kept[1:] if word != filler)]
    while len(kept) > 1 and len("_".join(kept)) > limit:
        kept.pop()
    while len(kept) > 1 and kept[-1] in JOINERS:
        kept.pop()
    name = "_".join(kept)[:limit].rstrip("_")
    return name if name[:1].isalpha() else f"call_{name}"[:limit].rstrip("_")


def _candidates(operation: Operation) -> list[list[str]]:
    by_path = _from_path(operation)
    space, action = _split_id(operation)
    if not action:
        return [by_path]
    if action[0] not in VERBS and space and space[-1] in VERBS:  # `search/repos`
        return [[space[-1], *action], [*space[-1:], *action, "by", *_last_words(operation)], by_path]
    if action[0] not in VERBS:
        verb = next((index for index, word in enumerate(action) if word in VERBS and index == len(action) - 1), None)
        # `pets_list`: the verb stands last.
        action = [action[verb], *action[:verb]] if verb is not None else [_verb(operation), *action]
    short = _completed(action, space)
    return [short, _inserted(action, space), [*short, "by", *_last_words(operation)], by_path]


def _split_id(operation: Operation) -> tuple[list[str], list[str]]:
    """Return the words of the namespace (`issues` of `issues/list-for-repo`) and those of the action."""
    text = operation.id
    space, separator, action = text.rpartition("/")
    if not separator:
        space, separator, action = text.rpartition(".")
    space = re.split(r"[/.]", space)[-1] if separator else ""
    words = words_of(action)
    if words[:1] == ["re"] and len(words) > 1:  # `re-run`
        words = [f"re{words[1]}", *words[2:]]
    tail = [*words_of(operation.path), operation.method.lower()]
    if len(words) > len(tail) and words[-len(tail) :] == tail:  # made by a framework: `read_item_items__id__get`
        words = words[: -len(tail)]
    return [word for word in words_of(space) if word not in _FILLERS], words


def _completed(action: list[str], space: list[str]) -> list[str]:
    """Name the thing that is acted on, unless the action names one."""
    if action[1:2] == ["or"] and len(action) > 2:  # `create-or-update`
        return [*action[:2], *_completed(action[2:], space)]
    has_object = len(action) > 1 and action[1] not in JOINERS
    return action if has_object else _inserted(action, space)


def _inserted(action: list[str], space: list[str]) -> list[str]:
    if action[1:2] == ["or"] and len(action) > 2:  # `create-or-update`
        return [*action[:2], *_inserted(action[2:], space)]
    missing = [word for word in space if word not in action]
    if missing and action[0] not in ("list", "search", "batch", "count") and _is_whole(action):
        missing[-1] = singular(missing[-1])
    return [action[0], *missing, *action[1:]]


def _is_whole(action: list[str]) -> bool:
    return len(action) == 1 or action[1] in JOINERS - {"all", "for"}


def _from_path(operation: Operation) -> list[str]:
    words: list[str] = []
    segments = [segment for segment in operation.path[:_READ].split("/") if segment]
    for segment, following in zip(segments, [*segments, ""][1:], strict=True):
        named = [word for word in words_of(_PLACEHOLDER.sub("", segment)) if word not in _FILLERS]
        if named and (_PLACEHOLDER.search(following) or (operation.method == "POST" and not following)):
            named[-1] = singular(named[-1])
        words += named
    return [_verb(operation), *words]


def _verb(operation: Operation) -> str:
    ends_in_name = operation.path.rstrip("/").endswith("}")
    return "list" if operation.method == "GET" and not ends_in_name else _BY_METHOD[operation.method]


def _last_words(operation: Operation) -> list[str]:
    named = _PLACEHOLDER.findall(operation.path)
    return words_of(named[-1]) if named else words_of(operation.path)[-2:]


def singular(word: str) -> str:
    """Return the singular of an English plural, roughly."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "news")) and len(word) > 3:
        return word[:-1]
    return word
