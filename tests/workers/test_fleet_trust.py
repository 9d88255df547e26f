"""What a worker can get and do that is not what it says it is: no more than the calls need that it was given."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from flows.bus.access import NatsAccess
from flows.bus.client import connected
from flows.connections import sql_connection
from flows.content import Reply
from flows.runs import RunResult
from flows.wire import ConnectionsGiven, Done, Missing, PlanGiven, PlanWanted, Refused, SignInWanted
from tests.flows.steps.http.support import Upstream
from tests.nats import NatsProcess, nats_process
from tests.workers.dispatcher_behaviour import ECHO, LONG, SOON, flow, request, value_of
from tests.workers.fleet import Changing, Plans, dispatching, fleet, values_connection, working
from tests.workers.pretender import pretending

SHOP = flow("shop", "  - sql: {connection: shop, query: SELECT 1 AS one}")
CONNECTIONS = (sql_connection("shop", "sqlite:///:memory:"), sql_connection("bank", "sqlite:///file:bank?mode=memory"))
DONE = RunResult(reply=Reply(value="done"))
GUESSES = range(200)


async def test_a_worker_gets_connections_only_for_a_call_that_it_has_and_only_those_of_the_call(
    nats: NatsProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    source = Changing(*CONNECTIONS)
    async with (
        dispatching(nats.access, Plans([SHOP, ECHO]), connections=source, coordinator="c1") as dispatcher,
        pretending(nats.access, "c1") as worker,
    ):
        await worker.report()
        await dispatcher.watch.until(1)
        for number in GUESSES:
            await worker.ask(number, "shop")
        running = asyncio.create_task(dispatcher.run(request(SHOP)))
        call = await worker.call()
        await worker.ask(call.number, "bank")
        await worker.ask(call.number, "shop", "bank")
        await worker.say(SignInWanted("somebody", call.number, 98, "bank", "", False))
        await worker.say(PlanWanted("somebody", call.number, 99, ECHO.digest))
        question = await worker.ask(call.number, "shop")
        given = await worker.next()
        await worker.say(Done(call.number, DONE))
        result = await running
        await worker.ask(call.number, "shop")
        running = asyncio.create_task(dispatcher.run(request(SHOP)))
        await worker.say(Done((await worker.call()).number, DONE))
        await running

    assert isinstance(given, ConnectionsGiven)
    assert given.question == question
    assert [connection.name for connection in given.connections] == ["shop"]
    assert value_of(result) == "done"
    assert source.signed_in == []
    assert dispatcher.counts.refused == len(GUESSES) + 5
    assert sum("got nothing" in record.message for record in caplog.records) == 1


async def test_what_a_call_needs_goes_to_the_worker_that_has_it_whoever_asks(nats: NatsProcess) -> None:
    async with (
        dispatching(nats.access, Plans([SHOP]), connections=Changing(*CONNECTIONS), coordinator="c1") as dispatcher,
        pretending(nats.access, "c1", "first") as first,
        pretending(nats.access, "c1", "other") as other,
    ):
        await first.report()
        await dispatcher.watch.until(1)
        running = asyncio.create_task(dispatcher.run(request(SHOP)))
        call = await first.call()
        await other.say(PlanWanted("other", call.number, 1, SHOP.digest))
        await other.ask(call.number, "shop")
        given = [await first.next(), await first.next()]
        await first.say(Done(call.number, DONE))
        await running

    assert [type(each) for each in given] == [PlanGiven, ConnectionsGiven]


async def test_who_was_not_given_a_call_cannot_answer_it(nats: NatsProcess) -> None:
    async with (
        dispatching(nats.access, Plans([LONG]), coordinator="c1") as dispatcher,
        working(nats.access),
        pretending(nats.access, "c1") as stranger,
    ):
        await asyncio.wait_for(dispatcher.watch.until(1), SOON)
        begun = asyncio.Event()
        running = asyncio.create_task(dispatcher.run(request(LONG), lambda _event: begun.set()))
        await asyncio.wait_for(begun.wait(), SOON)
        for number in GUESSES:
            await stranger.say(Refused(number, "full"))
            await stranger.say(Missing((number,)))
            await stranger.say(Done(number, DONE))
        async with asyncio.timeout(SOON):
            while dispatcher.counts.late < len(GUESSES):  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)
        was_running = not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert was_running


async def test_a_run_under_way_gets_the_new_state_of_a_connection_that_it_uses(nats: NatsProcess) -> None:
    upstream = Upstream()
    runner = await upstream.start()
    sent = f"{{url: '{upstream.url}', text: '${{{{ secrets.keys.token }}}}'}}"
    plan = flow("sending", f"  - http: {sent}\n    retry: {{attempts: 10, delay: 100ms}}")
    source = Changing(values_connection("the-first-one"), *CONNECTIONS)

    async def answer(_request: web.Request) -> web.Response:
        if upstream.bodies[-1] == b"the-second-one":
            return web.Response()
        source.change(values_connection("the-second-one"))
        return web.Response(status=503)

    upstream.answer = answer
    async with fleet(nats.access, [plan, SHOP], connections=source) as running:
        await running.dispatcher.run(request(SHOP))
        result = await running.dispatcher.run(request(plan))
        again = await running.dispatcher.run(request(SHOP))
    await runner.cleanup()

    assert result.error is None
    assert again.error is None
    assert running.dispatcher.counts.refused == 0


PAGE = Path(__file__).parents[2] / "docs" / "fleet.md"


@contextmanager
def nats_of_the_page(directory: Path) -> Iterator[dict[str, NatsAccess]]:
    """Run a nats-server with the users that the page in the docs gives as an example; give the access of each."""
    (configuration,) = re.findall(r"^```\n(authorization .*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (directory / "nats.conf").write_text(
        re.sub(r"\$(\w+)_PASSWORD", lambda found: f"{found[1].lower()}-p", configuration)
    )
    with nats_process(directory / "store", "-c", str(directory / "nats.conf"), user="") as server:
        yield {
            who: NatsAccess(url=server.access.url, user=who, password=f"{who}-p")
            for who in ("coordinator", "berlin", "oslo")
        }


async def test_a_worker_under_a_name_that_its_user_may_not_use_is_told_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with nats_of_the_page(tmp_path) as access:
        async with working(access["berlin"], name="oslo"), asyncio.timeout(SOON):
            while "--name" not in caplog.text:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)

    assert 'permissions violation for subscription to "headrace.v1.worker.oslo.' in caplog.text.lower()


async def test_with_the_permissions_of_the_page_workers_work_and_get_nothing_of_each_other(tmp_path: Path) -> None:
    plan = flow(
        "outer",
        "  - call: {flow: echo, args: {text: hi}}\n  - sql: {connection: shop, query: SELECT 1 AS one}",
    )
    source = Changing(*CONNECTIONS)
    with nats_of_the_page(tmp_path) as access:
        coordinator, berlin, oslo = access["coordinator"], access["berlin"], access["oslo"]
        async with (
            dispatching(coordinator, Plans([plan, ECHO]), connections=source) as dispatcher,
            working(berlin, name="berlin", slots=1),
            overhearing(oslo) as curious,
            overhearing(coordinator) as allowed,
        ):
            await asyncio.wait_for(dispatcher.watch.until(1), SOON)
            alone = await dispatcher.run(request(plan))
            source.change(CONNECTIONS[1])
            async with working(oslo, name="oslo", slots=1):
                await asyncio.wait_for(dispatcher.watch.until(2), SOON)
                both = await asyncio.gather(*(dispatcher.run(request(plan)) for _ in range(10)))
            overheard = await curious(), await allowed()

        assert await arriving(oslo, coordinator, *FORGED, "headrace.v1.reports.oslo") == ["headrace.v1.reports.oslo"]

    assert [value_of(result)["rows"] for result in (alone, *both)] == [[{"one": 1}]] * 11
    assert overheard[0] == {"headrace.v1.worker.oslo.*", "headrace.v1.news"}, "what is allowed is heard"
    assert overheard[1] == set(SUBJECTS), "who may hear it does, so there was something to hear"


SUBJECTS = (
    "headrace.v1.worker.berlin.*",
    "headrace.v1.worker.oslo.*",
    "headrace.v1.worker.*.*",
    "headrace.v1.worker.>",
    "headrace.v1.coordinator.>",
    "headrace.v1.reports.*",
    "headrace.v1.news",
    "headrace.>",
)


@asynccontextmanager
async def overhearing(access: NatsAccess) -> AsyncIterator[Callable[[], Awaitable[set[str]]]]:
    """Try to listen everywhere; give what says where something was heard until now."""
    async with connected(access, "curious") as client:
        ears = {subject: await client.subscribe(subject) for subject in SUBJECTS}

        async def heard() -> set[str]:
            await client.flush()
            return {subject for subject, ear in ears.items() if ear.delivered}

        await client.flush()
        yield heard


FORGED = ("headrace.v1.reports.berlin", "headrace.v1.worker.berlin.w", "headrace.v1.worker.oslo.w", "headrace.v1.news")


async def arriving(sender: NatsAccess, receiver: NatsAccess, *subjects: str) -> list[str]:
    """Say something on subjects; return those on which it arrives."""
    async with connected(sender, "forger") as forger, connected(receiver, "all ears") as client:
        ears = {subject: await client.subscribe(subject) for subject in subjects}
        await client.flush()
        for subject in subjects:
            await forger.publish(subject, b"forged")
        await forger.flush()
        await client.flush()
        return [subject for subject, ear in ears.items() if ear.delivered]


@pytest.mark.parametrize(
    "told",
    [
        {"name": "berlin"},
        {"worker": "w.other"},
        {"worker": "w\r\nPUB headrace.v1.news 0"},
        {"worker": "*"},
        {"worker": ""},
    ],
    ids=["the name of another", "two parts", "words for the server", "everybody", "nothing"],
)
async def test_a_report_counts_only_under_the_name_of_who_sent_it(nats: NatsProcess, told: dict[str, str]) -> None:
    async with (
        dispatching(nats.access, Plans([]), coordinator="c1") as dispatcher,
        pretending(nats.access, "c1", "oslo") as worker,
    ):
        await worker.report(**told)
        await worker.report()
        await dispatcher.watch.until(1)
        there = [(each.name, each.id) for each in dispatcher.workers()]

    assert there == [("oslo", "oslo")]


async def test_nobody_takes_over_the_id_of_another_worker(nats: NatsProcess) -> None:
    async with (
        dispatching(nats.access, Plans([SHOP]), connections=Changing(*CONNECTIONS), coordinator="c1") as dispatcher,
        pretending(nats.access, "c1", "berlin") as berlin,
        pretending(nats.access, "c1", "oslo") as oslo,
    ):
        await berlin.report()
        await oslo.report(worker="berlin", slots=9)
        await oslo.report(worker="berlin", state="gone")
        await oslo.report(slots=0)
        await dispatcher.watch.until(2)
        running = asyncio.create_task(dispatcher.run(request(SHOP)))
        await berlin.say(Done((await berlin.call()).number, DONE))
        result = await running

    assert value_of(result) == "done"
