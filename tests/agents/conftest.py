"""The stand-in for the model gateway."""

from tests.gateway import gateway

__all__ = ["gateway"]
