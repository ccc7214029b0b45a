"""OpenTelemetry traces, where it is said where to send them: the SDK makes a span of each message it handles."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

logger = logging.getLogger("voygen.tracing")

# How long the last spans may take to be sent when the server stops, in seconds.
LAST_SENT_WITHIN = 5


@contextmanager
def traces_sent(endpoint: str | None, headers: str | None, version: str) -> Generator[None]:
    """Send spans to the OTLP receiver at this base URL meanwhile; without an URL none are kept."""
    if not endpoint:
        yield
        return
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra, and only needed here
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        logger.warning("no traces are sent to %s: install them with `pip install 'voygen[otel]'`", endpoint)
        yield
        return
    resource = Resource.create({"service.name": "voygen", "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(
        f"{endpoint.rstrip('/')}/v1/traces", headers=_headers(headers), timeout=LAST_SENT_WITHIN
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


def _headers(text: str | None) -> dict[str, str]:
    pairs = (part.partition("=") for part in (text or "").split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
