"""OpenTelemetry traces, if an endpoint is configured. The MCP SDK creates a span for each message it handles."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

logger = logging.getLogger("voygen.tracing")

# Time limit for sending the last spans at shutdown, in seconds.
EXPORT_TIMEOUT = 5


@contextmanager
def send_traces(endpoint: str | None, headers: str | None, version: str) -> Generator[None]:
    """Send spans to the OTLP receiver at this base URL inside the context. Without a URL, record no spans."""
    if not endpoint:
        yield
        return
    try:
        from opentelemetry import trace  # noqa: PLC0415 - optional dependency
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        logger.warning("not sending traces to %s: run `pip install 'voygen[otel]'`", endpoint)
        yield
        return
    resource = Resource.create({"service.name": "voygen", "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", headers=_headers(headers), timeout=EXPORT_TIMEOUT)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


def _headers(text: str | None) -> dict[str, str]:
    pairs = (part.partition("=") for part in (text or "").split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
