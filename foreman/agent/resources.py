"""What one agent may use, as the configuration writes it."""

from __future__ import annotations

from foreman.values import dataclass

_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Limits of one agent.

    Attributes:
        memory: Bytes, with k, m or g: `512m`.
        cpus: Processor cores; containers only.
        pids: Processes and threads.
    """

    memory: str = "512m"
    cpus: float = 1.0
    pids: int = 128

    @property
    def memory_bytes(self) -> int:
        """Memory in bytes.

        Raises:
            ValueError: It is not a number with k, m or g; the configuration refuses that earlier.
        """
        text = self.memory.strip().casefold().removesuffix("b")
        unit = _UNITS.get(text[-1:], 1)
        return int(text[:-1] if unit > 1 else text) * unit
