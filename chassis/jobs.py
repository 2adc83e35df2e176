"""Work that is due: Celery runs it, the slot clock says when. The truth about what is due stays in the services' rows."""

import queue
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import celery
import celery.worker
from celery.worker import state as worker_state
from celery.worker.consumer import Consumer
from kombu.exceptions import OperationalError
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import caller, clock, telemetry
from chassis.errors import Failure
from chassis.outbox import slots

if TYPE_CHECKING:
    from chassis.db import Database
    from chassis.service import Job, Service

TICK_SECONDS = 0.5
ASKED = 1000
# Of the broker: a wait that ends, and one attempt. What could not be asked for is found by its slot.
PATIENCE = {"confirm_publish": True, "read_timeout": 10, "write_timeout": 10, "max_retries": 1, "interval_start": 0}


class Jobs:
    """The Celery app of a process with the jobs of its services, a worker, and the slot clock."""

    def __init__(self, broker_url: str, services: Sequence["Service"], *, threads: int = 2) -> None:
        self._app = celery.Celery("kontor", broker=broker_url or "memory://localhost/", set_as_current=False)
        self._app.conf.update(
            task_ignore_result=True, task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1,
            worker_hijack_root_logger=False, broker_connection_retry_on_startup=True, task_publish_retry=False,
            broker_connection_max_retries=None, broker_heartbeat=0, worker_enable_remote_control=False, worker_send_task_events=False,
            worker_detect_quorum_queues=True, task_create_missing_queue_type="quorum", task_default_queue_type="quorum",
            broker_transport_options=PATIENCE if broker_url else {"polling_interval": 0.1},
        )  # fmt: skip
        self._services, self._threads = services, threads
        self._asked: queue.Queue[tuple[str, str, Sequence[str]]] = queue.Queue(ASKED)
        self._stop, self._running = threading.Event(), list[threading.Thread]()
        self._offered: dict[str, datetime] = {}
        self._log = telemetry.log("chassis.jobs")
        for service in services:
            for job in service.jobs:
                self._app.task(_measured(job), name=job.name, shared=False)
            if service.database is not None:
                service.database.start_job = self.start_job

    def start_job(self, name: str, arguments: Sequence[str] = ()) -> None:
        """Ask for a job now; returns at once. When the broker does not answer, the job's own schedule makes it good."""
        try:
            self._asked.put_nowait((name, telemetry.traceparent(), arguments))
        except queue.Full:
            self._log.warning("job waits for its slot", job=name)

    def start(self, *, work: bool = True) -> None:
        """Start to pass on what is asked for and, with `work`, the worker and the clock."""
        loops = [self._ask]
        queues = [_queue(service.name) for service in self._services if service.jobs]
        if work and queues:
            # Celery's worker threads look for their tasks in the default app.
            self._app.set_default()
            worker_state.should_stop = worker_state.should_terminate = None
            worker = celery.worker.WorkController(
                app=self._app, pool_cls="threads", concurrency=self._threads, queues=queues, without_mingle=True, without_gossip=True,
                without_heartbeat=True, use_eventloop=False, consumer_cls=_Consumer, hostname=f"kontor-{uuid.uuid4().hex}@local",
            )  # fmt: skip
            loops += [worker.start, self._tick]
        for loop in loops:
            self._running.append(threading.Thread(target=loop, name=f"jobs-{loop.__name__}", daemon=True))
            self._running[-1].start()

    def stop(self) -> None:
        """Finish the jobs at hand."""
        self._stop.set()
        # The worker's loop looks at this and ends itself; it has no other way to be stopped from outside.
        worker_state.should_stop = 0
        for thread in self._running:
            thread.join(timeout=20)
        self._app.close()

    def _ask(self) -> None:
        while not self._stop.is_set():
            with suppress(queue.Empty):
                name, traceparent, arguments = self._asked.get(timeout=TICK_SECONDS)
                while not self._published(name, [traceparent, *arguments]):
                    self._stop.wait(TICK_SECONDS)

    def _published(self, name: str, arguments: list[str]) -> bool:
        try:
            self._app.send_task(name, args=arguments, queue=_queue(name.partition(".")[0]))
        except (OperationalError, OSError) as why:
            self._log.warning("job waits for the broker", job=name, error=type(why).__name__)
            return self._stop.is_set()
        except Exception:  # noqa: BLE001 - whatever is wrong with one request, this loop carries all the others
            self._log.exception("job cannot be asked for", job=name)
        return True

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            for service in self._services:
                for job in service.jobs:
                    if job.every is not None and service.database is not None:
                        self._offer(service.database, job, job.every)

    def _offer(self, database: "Database", job: "Job", every: timedelta) -> None:
        slot = slot_of(clock.now(), every)
        if self._offered.get(job.name) == slot:
            return
        try:
            if win(database, job.name, every):
                self.start_job(job.name)
            self._offered[job.name] = slot
        except Exception as why:  # noqa: BLE001 - the clock outlives whatever is wrong with one job's database
            self._log.warning("slot clock waits", job=job.name, error=type(why).__name__)


class _Consumer(Consumer):  # type: ignore[misc]
    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        """Without delayed delivery, which would declare 28 queues for the ETAs that no job here has."""

        default_steps = tuple(step for step in Consumer.Blueprint.default_steps if "delayed_delivery" not in step)


def win(database: "Database", job: str, every: timedelta) -> bool:
    """Whether this process is the one to run `job` in the present slot. Of any number that ask, exactly one is."""
    slot = slot_of(clock.now(), every)
    claim = upsert(slots).values(job=job, slot=slot).on_conflict_do_nothing().returning(slots.c.job)
    with database.begin() as connection:
        won = connection.execute(claim).scalar() is not None
        if won:
            connection.execute(delete(slots).where(slots.c.job == job, slots.c.slot < slot - max(every * 10, timedelta(days=2))))
    return won


def slot_of(moment: datetime, every: timedelta) -> datetime:
    """The start of the slot that `moment` lies in, counted from the epoch."""
    milliseconds = int(every.total_seconds() * 1000)
    return datetime.fromtimestamp(int(moment.timestamp() * 1000) // milliseconds * milliseconds / 1000, UTC)


def _queue(service: str) -> str:
    return f"kontor.jobs.{service}"


def _measured(job: "Job") -> Any:
    log = telemetry.log("chassis.jobs")

    def run(traceparent: str = "", *arguments: str) -> None:
        service = caller.Caller(service=job.name.partition(".")[0])
        parent = {"traceparent": traceparent}
        with telemetry.request(uuid.uuid4().hex), telemetry.span(f"job {job.name}", parent=parent), caller.acting(service, {}):
            try:
                job.run(*arguments)
                telemetry.JOBS.labels(job.name, "done").inc()
            except Failure as why:
                # Something it needs does not answer; its rows are still due and the next slot finds them.
                telemetry.JOBS.labels(job.name, "postponed").inc()
                log.warning("job postponed", job=job.name, reason=why.reason)
            except Exception:
                telemetry.JOBS.labels(job.name, "failed").inc()
                log.exception("job failed", job=job.name)

    return run
