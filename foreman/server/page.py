"""The three pages. Nothing here changes anything, and nothing tells more than `Vitals` gives.

Imported by the server's own thread alone: its libraries take half a second to load.
"""

from __future__ import annotations

import asyncio
import contextvars
import hmac
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from itertools import accumulate
from typing import Any, TypeVar

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from foreman.errors import ForemanError
from foreman.log import get_logger
from foreman.server.base import PREFIX, Check, Metric, Vitals

log = get_logger(__name__)

ALIVE = "/healthcheck"
"""The one page that needs no token: it says nothing but that the process runs."""

ANSWER_SECONDS = 5.0
"""How long the parts may take to say how they are; a scrape gives up after ten."""

_T = TypeVar("_T")


def application(vitals: Vitals, *, operator_token: str, asking: Executor) -> Any:
    """Build the application.

    Args:
        vitals: Who knows.
        operator_token: What a request must carry for all but `ALIVE`; empty for nothing.
        asking: Runs the questions to `vitals`; one thread.

    Returns:
        An ASGI application.
    """

    async def ask(question: Callable[[], _T]) -> _T:
        context = contextvars.copy_context()
        running = asyncio.get_running_loop().run_in_executor(asking, context.run, question)
        return await asyncio.wait_for(running, ANSWER_SECONDS)

    def admitted(request: Request) -> None:
        given = request.headers.get("authorization", "")
        if operator_token and not hmac.compare_digest(given.encode(), f"Bearer {operator_token}".encode()):
            raise HTTPException(401, "wrong or missing token", headers={"WWW-Authenticate": "Bearer"})

    # No page that describes the pages: there are three, and docs/operations.md has them.
    app = FastAPI(title="Foreman", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.get(ALIVE)
    async def alive() -> JSONResponse:  # as it is: for a model of an answer FastAPI would load pydantic's old version
        return JSONResponse({"status": "ok"})

    @app.get(f"{ALIVE}/ready", dependencies=[Depends(admitted)])
    async def ready() -> JSONResponse:
        try:
            checks = await ask(vitals.checks)
        except (ForemanError, TimeoutError) as error:
            log.warning("readiness_unknown", reason=str(error) or type(error).__name__)
            checks = [Check(name="checks", ok=False, detail=str(error) or "they took too long")]
        return JSONResponse(readiness(checks), status_code=200 if all(check.ok for check in checks) else 503)

    @app.get("/metrics", dependencies=[Depends(admitted)])
    async def metrics() -> Response:
        try:
            text, kind = await ask(lambda: exposition(vitals.metrics()))
        except (ForemanError, TimeoutError) as error:
            log.warning("metrics_unknown", reason=str(error) or type(error).__name__)
            return JSONResponse({"detail": "cannot be read now"}, status_code=503)
        return Response(text, media_type=kind)

    return app


def readiness(checks: Sequence[Check]) -> dict[str, Any]:
    """Return the readiness page: the verdict, what is not well, and every check."""
    wrong = {check.name: check.detail for check in checks if not check.ok}
    return {
        "status": "not ready" if wrong else "ready",
        "not_ready": wrong,
        "checks": {check.name: check.ok for check in checks},
    }


def exposition(metrics: Iterable[Metric]) -> tuple[bytes, str]:
    """Write metrics in Prometheus's text format.

    Args:
        metrics: Each with a name of its own that begins with `PREFIX`.

    Returns:
        The text, with this process's own numbers at its end, and its media type.

    Raises:
        ValueError: A name does not begin with `PREFIX`.
    """
    families = [_family(metric) for metric in metrics]

    class Families:
        def collect(self) -> Iterable[Any]:
            return families

    registry = CollectorRegistry()
    registry.register(Families())
    ProcessCollector(namespace=PREFIX.removesuffix("_"), registry=registry)
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


def _family(metric: Metric) -> Any:
    if not metric.name.startswith(PREFIX):
        raise ValueError(f"{metric.name} does not begin with {PREFIX}")
    names = sorted({name for sample in metric.samples for name in sample.labels})
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=names)
        for sample in metric.samples:
            ends = ["+Inf" if end == math.inf else str(end) for end, _ in sample.buckets]
            below = list(accumulate(number for _, number in sample.buckets))
            labels = [sample.labels.get(name, "") for name in names]
            histogram.add_metric(labels, buckets=list(zip(ends, below, strict=True)), sum_value=sample.value)
        return histogram
    family = (GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily)(
        metric.name, metric.help, labels=names
    )
    for sample in metric.samples:
        family.add_metric([sample.labels.get(name, "") for name in names], sample.value)
    return family
