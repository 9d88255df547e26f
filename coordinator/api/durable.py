"""`/api/schedules`, `/api/webhooks`, `/api/dead-letters`: flows that run without a call, and runs set aside."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET, Meta, Raw, Struct

from coordinator.api.given import GivenServices
from coordinator.api.paging import After, Limit
from coordinator.durable.hooks import Hook
from coordinator.durable.queue import DeadLetter, DurableSource
from coordinator.durable.schedules import Schedule
from coordinator.runs.keep import kept
from flows.runs import RunError

SHOWN_TIMES: Final = 5
SHOWN_BYTES: Final = 64 * 1024


class ScheduleOut(Struct, frozen=True, kw_only=True):
    """A schedule.  Times are in milliseconds since the epoch."""

    flow: Annotated[str, Meta(description="The flow.")]
    cron: Annotated[str, Meta(description="Its times as cron; empty for an interval.")]
    every: Annotated[float | None, Meta(description="Its interval in seconds; null for cron.")]
    time_zone: Annotated[str, Meta(description="The zone of its times.")]
    missed: Annotated[Literal["skip", "once", "all"], Meta(description="What becomes of missed times.")]
    jitter: Annotated[float, Meta(description="How many seconds later a run may start.")]
    next: Annotated[list[int], Meta(description="The next times.")]
    last: Annotated[int | None, Meta(description="The last time that was run for.")]
    last_run: Annotated[str | None, Meta(description="The id of that run.")]


class SchedulesOut(Struct, frozen=True, kw_only=True):
    """All schedules."""

    schedules: Annotated[list[ScheduleOut], Meta(description="The schedules that are served, by flow.")]


class WebhookOut(Struct, frozen=True, kw_only=True):
    """A webhook."""

    flow: Annotated[str, Meta(description="The flow.")]
    url: Annotated[str, Meta(description="Where to send requests.")]
    methods: Annotated[list[str], Meta(description="The methods that it takes.")]
    signature: Annotated[str, Meta(description="How requests are signed, for example sha256; empty if they are not.")]
    token: Annotated[str, Meta(description="The header that shows a token; empty if none is asked for.")]
    connections: Annotated[list[str], Meta(description="The connections that hold the secrets.")]
    is_open: Annotated[bool, Meta(description="Whether it takes requests from anybody.")]
    reply: Annotated[Literal["accepted", "result"], Meta(description="Whether it answers with the result.")]


class WebhooksOut(Struct, frozen=True, kw_only=True):
    """All webhooks."""

    webhooks: Annotated[list[WebhookOut], Meta(description="The webhooks that are served, by address.")]


class StartedOut(Struct, frozen=True, kw_only=True):
    """A run that was accepted."""

    run: Annotated[str, Meta(description="The id of the run.")]


class DeadLetterOut(Struct, frozen=True, kw_only=True):
    """A run that was set aside.  Times are in milliseconds since the epoch."""

    run: Annotated[str, Meta(description="The id of the run.")]
    flow: Annotated[str, Meta(description="The flow.")]
    source: Annotated[DurableSource, Meta(description="What started it.")]
    accepted: Annotated[int, Meta(description="When it was accepted.")]
    died: Annotated[int, Meta(description="When it was set aside.")]
    attempts: Annotated[int, Meta(description="How often it was tried.")]
    error: Annotated[RunError, Meta(description="Why it failed.")]
    args: Annotated[Any, Meta(description="Its arguments; without secrets, cut if long. Not in lists.")] = UNSET


class DeadLettersOut(Struct, frozen=True, kw_only=True):
    """Some dead letters."""

    dead_letters: Annotated[list[DeadLetterOut], Meta(description="Runs that were set aside, the newest first.")]
    waiting: Annotated[int, Meta(description="How many runs wait or are under way.")]
    total: Annotated[int, Meta(description="How many dead letters there are in all.")]
    next: Annotated[str | None, Meta(description="What to give as `after` for the next page; null on the last one.")]


class ScheduleController(Controller):
    """Schedules."""

    path = "/schedules"
    tags = ("durable",)

    @get("/", operation_id="listSchedules", sync_to_thread=False)
    def list_schedules(self, services: GivenServices) -> SchedulesOut:
        """List the schedules with their next times."""
        found = sorted(services.durable.schedules.served.values(), key=lambda schedule: schedule.flow)
        return SchedulesOut(schedules=[_schedule_out(schedule) for schedule in found])

    @post("/{flow:str}/run", operation_id="runSchedule", status_code=202)
    async def run_schedule(self, services: GivenServices, flow: FromPath[str]) -> StartedOut:
        """Run a schedule's flow now, beside its times."""
        return StartedOut(run=await services.durable.schedules.run_now(flow))


@get("/webhooks", operation_id="listWebhooks", tags=["durable"], sync_to_thread=False)
def list_webhooks(services: GivenServices) -> WebhooksOut:
    """List the webhooks with their addresses."""
    hooks = services.durable.webhooks.table.hooks
    return WebhooksOut(webhooks=[_webhook_out(hook, services.base_url) for hook in hooks])


class DeadLetterController(Controller):
    """Dead letters."""

    path = "/dead-letters"
    tags = ("durable",)

    @get("/", operation_id="listDeadLetters")
    async def list_dead_letters(
        self,
        services: GivenServices,
        flow: Annotated[str | None, QueryParameter(description="Only runs of this flow.")] = None,
        limit: Limit = 50,
        after: After = None,
    ) -> DeadLettersOut:
        """List the runs that were set aside."""
        queue = services.durable.queue
        counts = await queue.counts()  # first: a run that dies meanwhile is told twice then, and never not at all
        page = await queue.dead_letters(flow, limit=limit, after=after)
        letters = [_letter_out(letter) for letter in page.letters]
        return DeadLettersOut(dead_letters=letters, waiting=counts.waiting, total=counts.dead, next=page.next)

    @get("/{run_id:str}", operation_id="getDeadLetter")
    async def get_dead_letter(self, services: GivenServices, run_id: FromPath[str]) -> DeadLetterOut:
        """Return a run that was set aside, with its arguments."""
        letter = await services.durable.queue.dead_letter(run_id)
        return msgspec.structs.replace(_letter_out(letter), args=Raw(kept(letter.run.args, SHOWN_BYTES)))

    @post("/{run_id:str}/rerun", operation_id="rerunDeadLetter", status_code=202)
    async def rerun_dead_letter(self, services: GivenServices, run_id: FromPath[str]) -> StartedOut:
        """Run it again, with all its tries, on the current version of its flow."""
        await services.durable.queue.rerun(run_id)
        return StartedOut(run=run_id)

    @delete("/{run_id:str}", operation_id="dropDeadLetter")
    async def drop_dead_letter(self, services: GivenServices, run_id: FromPath[str]) -> None:
        """Forget it."""
        await services.durable.queue.drop(run_id)


def _schedule_out(schedule: Schedule) -> ScheduleOut:
    config, progress = schedule.config, schedule.progress
    times: list[int] = []
    moment: datetime | None = datetime.now(UTC)
    while moment is not None and len(times) < SHOWN_TIMES:
        moment = schedule.times(moment)
        if moment is not None:
            times.append(int(moment.timestamp() * 1000))
    return ScheduleOut(
        flow=schedule.flow,
        cron="" if config.cron is UNSET else config.cron,
        every=None if config.every is UNSET else config.every,
        time_zone=config.time_zone,
        missed=config.missed,
        jitter=config.jitter,
        next=times,
        last=None if progress is None else progress.fired,
        last_run=None if progress is None else progress.run,
    )


def _webhook_out(hook: Hook, base_url: str) -> WebhookOut:
    config = hook.config
    proofs = [proof for proof in (config.signature, config.token) if proof is not UNSET]
    return WebhookOut(
        flow=hook.plan.name,
        url=base_url + hook.path,
        methods=list(config.methods),
        signature="" if config.signature is UNSET else config.signature.algorithm,
        token="" if config.token is UNSET else config.token.header,
        connections=sorted({hook.connection_name(proof.connection) for proof in proofs}),
        is_open=config.is_open,
        reply=config.reply,
    )


def _letter_out(letter: DeadLetter) -> DeadLetterOut:
    return DeadLetterOut(
        run=letter.run.id,
        flow=letter.run.flow,
        source=letter.run.source,
        accepted=letter.run.accepted,
        died=letter.died,
        attempts=letter.attempts,
        error=letter.error,
    )
