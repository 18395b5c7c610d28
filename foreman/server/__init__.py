"""Health, readiness and metrics over HTTP."""

from foreman.server.base import Check, Metric, Sample, Vitals
from foreman.server.health import HealthServer

__all__ = ["Check", "HealthServer", "Metric", "Sample", "Vitals"]
