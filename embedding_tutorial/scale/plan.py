"""What training on several devices needs: memory, bytes sent, steps and time, computed before it begins.

All formulae are for the JAX backend (``devices.py``), whose gradients are as large as the tables.
``tests/benchmarks/plan.py`` compares them with measured runs.

    R = V + 1 rows of D numbers, 4 bytes each; B places in a batch, K noise tokens, n devices

    tables          2 * R * D                           the embedding and the output table
    gradients       3 * R * D                           of both, and one copy that the compiler keeps
    for each row    3 * R                               optimizer (2), bias
    in a step       B * (2 * D + 2 * K)                 looked-up vectors and scores, with their gradients

``data``: each device holds both tables and B / n places. The gradients of both tables are summed over
the devices; each device sends 2 * (n - 1) / n of their size (ring all-reduce; Patarasuk and Yuan 2009).

``model``: each device holds R / n rows and all B places. The vectors that are looked up are summed over
the devices in the same way: a vector and an output row for each place, and the rows of the noise.

A step takes the time of its products (forward, and two gradients), of reading or writing the tables
five times, and of sending. The defaults of ``Speed`` were measured on one core of a server processor that
sends to the cores beside it; for other devices, give their own figures.
"""

import dataclasses
import math
from typing import Any

from embedding_tutorial.text.batches import LARGEST_BATCH
from embedding_tutorial.text.sampling import NOISE_TOKENS

FLOAT = 4  # bytes
ROW = 16  # places in a row of a batch, about; only the number of scores depends on it
FILLED = 0.85  # share of the places that hold a token, about; the others are padding
PASSES = 5  # over both tables in a step: clear the gradients, square them, read and write the tables with them


@dataclasses.dataclass(frozen=True)
class Speed:
    """What a device reaches in a second.

    Attributes:
        flops: additions and multiplications of a matrix product.
        memory: bytes read or written.
        network: bytes sent to another device.
        latency: seconds that sending takes at least, in a step.
    """

    flops: float = 40e9
    memory: float = 4.5e9
    network: float = 0.7e9
    latency: float = 0.008


@dataclasses.dataclass(frozen=True)
class Job:
    """A training.

    Attributes:
        tokens: in the text.
        vocabulary_size: ``V``.
        dim: ``D``.
        epochs: passes over the text.
        batch_size: ``B``, places in a step.
        kind: ``data`` or ``model``, as of ``train.py --distribute``.
    """

    tokens: int
    vocabulary_size: int
    dim: int
    epochs: int
    batch_size: int = LARGEST_BATCH
    kind: str = "data"

    @property
    def tables(self) -> int:
        """Bytes of the embedding and the output table."""
        return 2 * (self.vocabulary_size + 1) * self.dim * FLOAT

    @property
    def steps(self) -> int:
        """Training steps in all epochs."""
        return math.ceil(self.tokens / (self.batch_size * FILLED)) * self.epochs

    def memory(self, devices: int) -> int:
        """Bytes that a device holds at most, without the text, which stays on disk."""
        parts, places = self._shares(devices)
        tables_and_gradients = self.tables * 5 // 2 // parts
        by_row = 3 * (self.vocabulary_size + 1) * FLOAT
        return int(tables_and_gradients + by_row + places * (2 * self.dim + 2 * NOISE_TOKENS) * FLOAT)

    def sent(self, devices: int) -> int:
        """Bytes that a device sends in a step."""
        summed = self.tables if self.kind == "data" else (2 * self.batch_size + NOISE_TOKENS) * self.dim * FLOAT
        return 2 * (devices - 1) * summed // devices

    def step_seconds(self, devices: int, speed: Speed) -> float:
        """Seconds that a step takes."""
        parts, places = self._shares(devices)
        products = 3 * 2 * places * (ROW + NOISE_TOKENS) * self.dim
        seconds = products / speed.flops + PASSES * self.tables / parts / speed.memory
        return seconds + (self.sent(devices) / speed.network + speed.latency if devices > 1 else 0)

    def _shares(self, devices: int) -> tuple[int, float]:
        """The number of parts of a table, and of places in a batch that a device works on."""
        return (1, self.batch_size / devices) if self.kind == "data" else (devices, self.batch_size)


def plan_training(job: Job, speed: Speed, devices: list[int]) -> dict[str, Any]:
    """The plan of a job for several numbers of devices: notes, columns and rows, for ``tables.show``."""
    rows = []
    for number in devices:
        step = job.step_seconds(number, speed)
        sizes = [round(size / 1e6, 1) for size in (job.memory(number), job.sent(number))]
        rows.append([number, *sizes, round(1e3 * step, 1), round(step * job.steps / 3600, 2)])
    notes = [
        f"{job.steps:,} steps of {job.batch_size:,} places; both tables {job.tables / 1e6:,.1f} MB, "
        f"text on disk {4 * job.tokens / 1e6:,.1f} MB in ids",
        f"device: {speed.flops / 1e9:g} GFLOP/s, {speed.memory / 1e9:g} GB/s of memory; "
        f"{speed.network / 1e9:g} GB/s between",
    ]
    return {"notes": notes, "columns": ["devices", "MB a device", "MB sent a step", "ms a step", "hours"], "rows": rows}
