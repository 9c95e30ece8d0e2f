"""Numbers for Prometheus, read from the database when they are asked for: whichever process answers, they are those of all workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from gikocr.workspace.job_rows import JobState

if TYPE_CHECKING:
    from gikocr.workspace import Workspace

#: Hours for which workers are counted: all that ever were, since counters must not fall.
EVER = 24.0 * 366 * 100


def exposition(workspace: Workspace) -> bytes:
    """The metrics in Prometheus' text format.

    Raises:
        ImportError: prometheus-client is not installed.
        WorkspaceError: the database fails.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(workspace))
    return generate_latest(registry)


class _Numbers:
    """What is collected."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def describe(self) -> list[Any]:
        """Nothing: the names are told with the numbers."""
        return []

    def collect(self) -> Iterator[Any]:
        """All metrics."""
        from prometheus_client.core import CounterMetricFamily as Count
        from prometheus_client.core import GaugeMetricFamily as Gauge

        numbers, lines = self._workspace.workers.numbers(), self._workspace.workers.lines(hours=EVER)
        jobs = Gauge("gikocr_jobs", "Documents by state.", labels=["state"])
        for state in get_args(JobState):
            jobs.add_metric([state], numbers.states.get(state, 0))
        yield jobs
        age = 0.0 if numbers.oldest is None else (datetime.now(UTC) - numbers.oldest).total_seconds()
        yield Gauge("gikocr_queue_depth", "Documents that wait.", numbers.states.get("queued", 0))
        yield Gauge("gikocr_queue_oldest_seconds", "How long the oldest has been waiting.", max(0.0, age))
        yield Gauge("gikocr_set_aside", "Documents whose processes died.", numbers.states.get("set_aside", 0))
        yield Gauge("gikocr_suspects", "Documents that are being read alone.", numbers.suspects)
        yield Gauge("gikocr_review_backlog", "Fields that wait for review.", self._workspace.reviews.count_waiting())
        yield Count("gikocr_redeliveries", "Attempts beyond the first of each document.", numbers.redeliveries)
        alive = Gauge("gikocr_workers", "Workers that give signs of life.", labels=["device"])
        for device, count in Counter(line.device for line in lines if line.alive).items():
            alive.add_metric([device], count)
        yield alive
        for name, text, value in (
            ("documents", "Documents that were read.", sum(line.documents for line in lines)),
            ("pages", "Pages that were read.", sum(line.pages for line in lines)),
            ("batches", "Batches that went through shared networks.", sum(line.batches for line in lines)),
            ("batch_items", "Pictures in these batches.", sum(line.batch_items for line in lines)),
            ("batch_room", "Places in these batches.", sum(line.batch_room for line in lines)),
            ("worker_cpu_seconds", "CPU time of the workers themselves.", sum(line.cpu_own for line in lines)),
            ("reading_cpu_seconds", "CPU time of their reading processes.", sum(line.cpu_reading for line in lines)),
        ):
            yield Count(f"gikocr_{name}", text, value)
        seconds: Counter[str] = Counter()
        for line in lines:
            seconds.update(line.stages)
        stages = Count("gikocr_stage_seconds", "CPU time by stage of reading.", labels=["stage"])
        for stage, value in sorted(seconds.items()):
            stages.add_metric([stage], value)
        yield stages
