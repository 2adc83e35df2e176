"""Work that is due: Celery runs it, the slot clock says when. The truth about what is due stays in the services' rows."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import celery
import celery.worker
from celery.worker import state as worker_state
from kombu.exceptions import OperationalError
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock, telemetry
from chassis.errors import Failure, Unavailable
from chassis.outbox import slots

if TYPE_CHECKING:
    from chassis.db import Database
    from chassis.service import Job, Service

TICK_SECONDS = 0.5


class Jobs:
    """The Celery app of a process with the jobs of its services, a worker, and the slot clock."""

    def __init__(self, broker_url: str, services: Sequence["Service"], *, threads: int = 2) -> None:
        self._app = celery.Celery("kontor", broker=broker_url or "memory://", set_as_current=False)
        self._app.conf.update(
            task_ignore_result=True, task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1,
            worker_hijack_root_logger=False, broker_connection_retry_on_startup=True, task_publish_retry=False,
            worker_enable_remote_control=False, worker_send_task_events=False, worker_detect_quorum_queues=True,
            task_create_missing_queue_type="quorum", task_default_queue_type="quorum", broker_transport_options={"polling_interval": 0.1}
            if not broker_url else {"confirm_publish": True, "read_timeout": 10, "write_timeout": 10},
        )  # fmt: skip
        self._services, self._threads = services, threads
        self._stop, self._running = threading.Event(), list[threading.Thread]()
        self._worker: Any = None
        self._log = telemetry.log("chassis.jobs")
        for service in services:
            for job in service.jobs:
                self._app.task(_measured(job), name=job.name)
            if service.database is not None:
                service.database.start_job = self.start_job

    def start_job(self, name: str, arguments: Sequence[str] = ()) -> None:
        """Ask for a job now. When the broker does not answer, the job's own schedule makes it good."""
        try:
            self._app.tasks[name].apply_async(args=list(arguments), queue=_queue(name.partition(".")[0]))
        except (OperationalError, OSError) as why:
            self._log.warning("job waits for its slot", job=name, error=type(why).__name__)

    def start(self) -> None:
        """Start the worker and the clock."""
        queues = [_queue(service.name) for service in self._services if service.jobs]
        if not queues:
            return
        worker_state.should_stop = worker_state.should_terminate = None
        self._worker = celery.worker.WorkController(
            app=self._app, pool_cls="threads", concurrency=self._threads, queues=queues, without_mingle=True, without_gossip=True,
            without_heartbeat=True, hostname=f"kontor-{threading.get_native_id()}@local",
        )  # fmt: skip
        for target in (self._worker.start, self._tick):
            thread = threading.Thread(target=target, name="jobs", daemon=True)
            thread.start()
            self._running.append(thread)

    def stop(self) -> None:
        """Finish the jobs at hand."""
        self._stop.set()
        if self._worker is not None:
            worker_state.should_stop = 0
            self._worker.stop()
        for thread in self._running:
            thread.join(timeout=20)

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            for service in self._services:
                for job in service.jobs:
                    if job.every is not None and service.database is not None:
                        self._offer(service.database, job, job.every)

    def _offer(self, database: "Database", job: "Job", every: timedelta) -> None:
        try:
            if win(database, job.name, every):
                self.start_job(job.name)
        except (Failure, Unavailable) as why:
            self._log.warning("slot clock waits", job=job.name, error=why.reason)


def win(database: "Database", job: str, every: timedelta) -> bool:
    """Whether this process is the one to run `job` in the present slot. Of any number that ask, exactly one is."""
    slot = slot_of(clock.now(), every)
    claim = upsert(slots).values(job=job, slot=slot).on_conflict_do_nothing().returning(slots.c.job)
    with database.transaction() as tx:
        won = tx.execute(claim).scalar() is not None
        if won:
            tx.execute(delete(slots).where(slots.c.job == job, slots.c.slot < slot - max(every * 10, timedelta(days=2))))
    return won


def slot_of(moment: datetime, every: timedelta) -> datetime:
    """The start of the slot that `moment` lies in, counted from the epoch."""
    seconds = int(every.total_seconds() * 1000)
    return datetime.fromtimestamp(int(moment.timestamp() * 1000) // seconds * seconds / 1000, UTC)


def _queue(service: str) -> str:
    return f"kontor.jobs.{service}"


def _measured(job: "Job") -> Any:
    log = telemetry.log("chassis.jobs")

    def run(*arguments: str) -> None:
        with telemetry.span(f"job {job.name}"):
            try:
                job.run(*arguments)
                telemetry.JOBS.labels(job.name, "done").inc()
            except Failure as why:
                # Something it needs does not answer; its rows are still due and the next slot finds them.
                telemetry.JOBS.labels(job.name, "postponed").inc()
                log.warning("job postponed", job=job.name, reason=why.reason)
            except Exception as why:
                telemetry.JOBS.labels(job.name, "failed").inc()
                log.error("job failed", job=job.name, exc_info=why)
                raise

    return run
