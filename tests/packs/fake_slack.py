"""A small Slack for tests, written from the public documentation of its Web API, not from Slack itself.

Source: https://docs.slack.dev/reference/methods.  It knows one workspace, answers 200 with `ok: false` if it refuses,
gives lists in pages with cursors, and turns requests away with 429 and Retry-After when it is told to.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from tests.packs.standin import Sent

TOKEN: Final = "xoxb-1-made-up"
ME: Final = "U0BOT0001"
JSON: Final = "application/json; charset=utf-8"
PAGES: Final = ("cursor", "limit")
METHODS: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "auth.test": ("", (), ()),
    "chat.delete": ("chat:write", ("channel", "ts"), ()),
    "chat.getPermalink": ("", ("channel", "message_ts"), ()),
    "chat.postMessage": ("chat:write", ("channel", "text"), ("reply_broadcast", "thread_ts", "unfurl_links")),
    "chat.scheduleMessage": ("chat:write", ("channel", "text", "post_at"), ()),
    "chat.update": ("chat:write", ("channel", "ts", "text"), ()),
    "conversations.history": ("channels:history", ("channel",), ("oldest", "latest", *PAGES)),
    "conversations.info": ("channels:read", ("channel",), ("include_num_members",)),
    "conversations.invite": ("channels:write.invites", ("channel", "users"), ()),
    "conversations.join": ("channels:join", ("channel",), ()),
    "conversations.list": ("channels:read", (), ("types", "exclude_archived", *PAGES)),
    "conversations.members": ("channels:read", ("channel",), PAGES),
    "conversations.replies": ("channels:history", ("channel", "ts"), PAGES),
    "conversations.setTopic": ("channels:write.topic", ("channel", "topic"), ()),
    "reactions.add": ("reactions:write", ("channel", "timestamp", "name"), ()),
    "reactions.remove": ("reactions:write", ("channel", "timestamp", "name"), ()),
    "search.messages": ("search:read", ("query",), ("sort", "sort_dir", "count", "page")),
    "users.info": ("users:read", ("user",), ()),
    "users.list": ("users:read", (), PAGES),
    "users.lookupByEmail": ("users:read.email", ("email",), ()),
}
"""Of each method the scope that it needs, the arguments that it must have, and those that it may have."""
READS: Final = ("auth.test", "chat.getPermalink", "search.messages")
"""Methods that change nothing, beside those whose names say so."""


class Refused(Exception):
    """Slack refuses with this error."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}


class FakeSlack:
    """The workspace.  `scopes`: what the token may do; `waits`: seconds to ask for before each of the next answers."""

    def __init__(self) -> None:
        self.scopes = {scope for scope, _, _ in METHODS.values()} - {"search:read"}
        self.waits: list[int] = []
        self.users = [_user("U0ADA0001", "ada"), _user("U0BOB0001", "bob"), _user(ME, "miller", is_bot=True)]
        self.channels = [_channel("C0MILL001", "mill"), _channel("C0YARD001", "yard", members=["U0ADA0001"])]
        self.messages: dict[str, list[dict[str, Any]]] = {"C0MILL001": [], "C0YARD001": []}
        self._clock = 1795176000
        for number in range(1, 6):
            self._add("C0MILL001", "U0ADA0001", f"Sack {number}")

    # -- what is asked ---------------------------------------------------------------------------------------------

    def problems(self, sent: Sent) -> list[str]:
        """Say what the documentation does not allow about a request."""
        method = sent.path.removeprefix("/api/")
        if method not in METHODS:
            return [f"there is no method {method}"]
        _, required, optional = METHODS[method]
        given = _arguments(sent)
        reads = method in READS or method.split(".")[1] in (
            "history",
            "info",
            "list",
            "lookupByEmail",
            "members",
            "replies",
        )
        return [
            *(f"{name} is missing" for name in required if given.get(name) is None),
            *(f"there is no argument {name}" for name in given if name not in (*required, *optional)),
            *(f"{name} is null" for name, value in given.items() if value is None),
            *(["a change is sent with POST"] if not reads and sent.method != "POST" else []),
            *([f"the body is {sent.content_type!r}"] if sent.body and sent.content_type != JSON else []),
        ]

    def answer(self, sent: Sent) -> Mapping[str, Any]:
        """Do what is asked, and answer as Slack does."""
        if self.waits:
            seconds = str(self.waits.pop(0))
            return {"status": 429, "headers": {"Retry-After": seconds}, "body": {"ok": False, "error": "ratelimited"}}
        try:
            return {"status": 200, "body": {"ok": True, **self._do(sent)}}
        except Refused as refused:
            return {"status": 200, "body": refused.answer}

    def _do(self, sent: Sent) -> dict[str, Any]:
        method = sent.path.removeprefix("/api/")
        if sent.credential != f"Bearer {TOKEN}":
            raise Refused("invalid_auth" if sent.credential else "not_authed")
        if method == "search.messages" and "search:read" not in self.scopes:
            raise Refused("not_allowed_token_type")
        scope, _, _ = METHODS[method]
        if scope not in self.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))
        does: Callable[..., dict[str, Any]] = getattr(self, method.replace(".", "_"))
        return does(**_arguments(sent))

    # -- reading ---------------------------------------------------------------------------------------------------

    def auth_test(self) -> dict[str, Any]:
        return {"url": "https://mill.slack.com/", "team": "Mill", "user": "miller", "user_id": ME, "bot_id": "B1"}

    def conversations_list(self, types: str = "", exclude_archived: str = "", **page: str) -> dict[str, Any]:
        wanted = types.split(",")
        shown = [each for each in self.channels if "public_channel" in wanted and not each["is_private"]]
        return _page("channels", [self._shown(each) for each in shown], page)

    def conversations_info(self, channel: str, include_num_members: str = "") -> dict[str, Any]:
        found = self._shown(self._channel(channel))
        return {"channel": found if include_num_members == "true" else found | {"num_members": None}}

    def conversations_members(self, channel: str, **page: str) -> dict[str, Any]:
        return _page("members", self._channel(channel)["members"], page)

    def conversations_history(self, channel: str, oldest: str = "0", latest: str = "", **page: str) -> dict[str, Any]:
        self._member(channel)
        found = [
            each
            for each in reversed(self.messages[channel])
            if each.get("thread_ts", each["ts"]) == each["ts"]
            and float(oldest) < float(each["ts"]) < float(latest or "inf")
        ]
        return _page("messages", found, page)

    def conversations_replies(self, channel: str, ts: str, **page: str) -> dict[str, Any]:
        self._member(channel)
        found = [each for each in self.messages[channel] if ts in (each["ts"], each.get("thread_ts"))]
        if not found:
            raise Refused("thread_not_found")
        return _page("messages", found, page)

    def chat_getPermalink(self, channel: str, message_ts: str) -> dict[str, Any]:
        self._message(channel, message_ts)
        return {"permalink": f"https://mill.slack.com/archives/{channel}/p{message_ts.replace('.', '')}"}

    def search_messages(self, query: str, sort: str, sort_dir: str, count: str, page: str) -> dict[str, Any]:
        found = [
            {**each, "channel": {"id": channel, "name": self._channel(channel)["name"]}}
            for channel, messages in self.messages.items()
            for each in messages
            if query in each["text"]
        ]
        found.sort(key=lambda each: str(each["ts"]), reverse=sort_dir == "desc")
        start, size = (int(page) - 1) * int(count), int(count)
        paging = {"count": size, "total": len(found), "page": int(page), "pages": -(-len(found) // size)}
        return {"messages": {"total": len(found), "paging": paging, "matches": found[start : start + size]}}

    def users_list(self, **page: str) -> dict[str, Any]:
        return _page("members", self.users, page)

    def users_info(self, user: str) -> dict[str, Any]:
        found = [each for each in self.users if each["id"] == user]
        if not found:
            raise Refused("user_not_found")
        return {"user": found[0]}

    def users_lookupByEmail(self, email: str) -> dict[str, Any]:
        found = [each for each in self.users if each["profile"]["email"] == email]
        if not found:
            raise Refused("users_not_found")
        return {"user": found[0]}

    # -- writing ---------------------------------------------------------------------------------------------------

    def chat_postMessage(self, channel: str, text: str, thread_ts: str = "", **_how: bool) -> dict[str, Any]:
        self._member(channel)
        if thread_ts:
            self._message(channel, thread_ts, "thread_not_found")
        return {"channel": channel, "ts": self._add(channel, ME, text, thread_ts)["ts"]}

    def chat_scheduleMessage(self, channel: str, text: str, post_at: int) -> dict[str, Any]:
        if post_at <= self._clock:
            raise Refused("time_in_past")
        return {"channel": channel, "scheduled_message_id": "Q1", "post_at": post_at}

    def chat_update(self, channel: str, ts: str, text: str) -> dict[str, Any]:
        message = self._own(channel, ts, "cant_update_message")
        message |= {"text": text, "edited": {"user": ME, "ts": ts}}
        return {"channel": channel, "ts": ts, "text": text}

    def chat_delete(self, channel: str, ts: str) -> dict[str, Any]:
        self.messages[channel].remove(self._own(channel, ts, "cant_delete_message"))
        return {"channel": channel, "ts": ts}

    def reactions_add(self, channel: str, timestamp: str, name: str) -> dict[str, Any]:
        reactions = self._message(channel, timestamp)["reactions"]
        if any(each["name"] == name for each in reactions):
            raise Refused("already_reacted")
        reactions.append({"name": name, "count": 1, "users": [ME]})
        return {}

    def reactions_remove(self, channel: str, timestamp: str, name: str) -> dict[str, Any]:
        message = self._message(channel, timestamp)
        if all(each["name"] != name for each in message["reactions"]):
            raise Refused("no_reaction")
        message["reactions"] = [each for each in message["reactions"] if each["name"] != name]
        return {}

    def conversations_setTopic(self, channel: str, topic: str) -> dict[str, Any]:
        found = self._member(channel)
        found["topic"] = {"value": topic}
        return {"channel": self._shown(found)}

    def conversations_invite(self, channel: str, users: str) -> dict[str, Any]:
        members, wanted = self._member(channel)["members"], users.split(",")
        unknown = [user for user in wanted if user not in [each["id"] for each in self.users]]
        inside = [user for user in wanted if user in members]
        for error, names in (("user_not_found", unknown), ("already_in_channel", inside)):
            if names:
                raise Refused(error, errors=[{"user": name, "ok": False, "error": error} for name in names])
        members.extend(wanted)
        return {"channel": self._shown(self._channel(channel))}

    def conversations_join(self, channel: str) -> dict[str, Any]:
        found = self._channel(channel)
        found["members"].append(ME)
        return {"channel": self._shown(found)}

    # -- what is there ---------------------------------------------------------------------------------------------

    def _channel(self, channel: str) -> dict[str, Any]:
        found = [each for each in self.channels if each["id"] == channel]
        if not found:
            raise Refused("channel_not_found")
        return found[0]

    def _member(self, channel: str) -> dict[str, Any]:
        found = self._channel(channel)
        if ME not in found["members"]:
            raise Refused("not_in_channel")
        return found

    def _message(self, channel: str, ts: str, error: str = "message_not_found") -> dict[str, Any]:
        self._channel(channel)
        found = [each for each in self.messages[channel] if each["ts"] == ts]
        if not found:
            raise Refused(error)
        return found[0]

    def _own(self, channel: str, ts: str, error: str) -> dict[str, Any]:
        message = self._message(channel, ts)
        if message["user"] != ME:
            raise Refused(error)
        return message

    def _add(self, channel: str, user: str, text: str, thread_ts: str = "") -> dict[str, Any]:
        self._clock += 60
        message = {"type": "message", "user": user, "text": text, "ts": f"{self._clock}.000100", "reactions": []}
        if thread_ts:
            message["thread_ts"] = thread_ts
        self.messages[channel].append(message)
        return message

    def _shown(self, channel: Mapping[str, Any]) -> dict[str, Any]:
        members = channel["members"]
        hidden = {name: value for name, value in channel.items() if name != "members"}
        return {**hidden, "is_member": ME in members, "num_members": len(members)}


def _arguments(sent: Sent) -> dict[str, Any]:
    in_query = {name: texts[0] for name, texts in parse_qs(sent.query, keep_blank_values=True).items()}
    return in_query | (json.loads(sent.body) if sent.body else {})


def _page(name: str, items: list[Any], page: Mapping[str, str]) -> dict[str, Any]:
    start = int(b64decode(page["cursor"])) if "cursor" in page else 0
    end = start + int(page.get("limit", "100"))
    cursor = b64encode(str(end).encode()).decode() if end < len(items) else ""
    return {name: items[start:end], "response_metadata": {"next_cursor": cursor}}


def _user(user_id: str, name: str, *, is_bot: bool = False) -> dict[str, Any]:
    profile = {"display_name": name, "title": "", "email": None if is_bot else f"{name}@example.com"}
    return {
        "id": user_id,
        "name": name,
        "real_name": name.title(),
        "deleted": False,
        "is_bot": is_bot,
        "profile": profile,
    }


def _channel(channel_id: str, name: str, members: list[str] | None = None) -> dict[str, Any]:
    texts = {"topic": {"value": ""}, "purpose": {"value": f"All about the {name}"}}
    members = [ME, "U0ADA0001"] if members is None else members
    return {"id": channel_id, "name": name, "is_private": False, "is_archived": False, "members": members, **texts}
