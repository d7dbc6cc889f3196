"""What a job on several devices needs, reckoned before it is begun: memory, bytes between devices, steps, time.

All formulae are for the JAX backend (``devices.py``), whose gradients are as large as the tables.
``tests/benchmarks/plan.py`` holds them against measured runs.

    R = V + 1 rows, D numbers in a row, 4 bytes a number; B places in a batch, K noise tokens, n devices

    tables          2 * R * D                           the embedding and the output table
    gradients       3 * R * D                           of both, and one more that the compiler keeps
    by row          4 * R                               optimizer (2), bias, noise distribution
    in a step       B * (2 * D + 2 * K)                 looked-up vectors and scores, with their gradients

``data``: each device holds all of the tables and B / n places. The gradients of both tables are summed
over the devices, each of which sends 2 * (n - 1) / n of their size (a ring; Patarasuk and Yuan 2009).

``model``: each device holds R / n rows and all B places. What is looked up is summed over the devices
likewise: a vector and an output row for each place, and those of the noise.

A step takes the time of its products (forward, and two gradients), of reading or writing the tables
five times, and of sending. The defaults are what one core of a server processor reached, its neighbours
on the same machine; for other devices, give their own figures.
"""

import dataclasses
import math

from embedding_tutorial.text.sampling import NOISE_TOKENS

FLOAT = 4  # bytes
ROW = 16  # places in a row of a batch, about; only the scores of neighbours depend on it
FILLED = 0.85  # share of places that hold a token, about; the rest is padding
PASSES = 5  # over both tables in a step: clear the gradients, square them, read and write the tables by them


@dataclasses.dataclass(frozen=True)
class Speed:
    """What a device reaches, in units a second.

    Attributes:
        flops: additions and multiplications in products.
        memory: bytes read or written.
        network: bytes sent to another device.
        latency: seconds that sending takes at least, for all of a step.
    """

    flops: float = 40e9
    memory: float = 4.5e9
    network: float = 0.7e9
    latency: float = 0.008


@dataclasses.dataclass(frozen=True)
class Job:
    """What is to be trained.

    Attributes:
        tokens: in the text.
        vocabulary_size: ``V``.
        dim: ``D``.
        epochs: passes over the text.
        batch_size: ``B``, places in a step.
        kind: ``data`` or ``model``, as ``train.py --distribute``.
    """

    tokens: int
    vocabulary_size: int
    dim: int
    epochs: int
    batch_size: int
    kind: str

    @property
    def tables(self) -> int:
        """Bytes of the embedding and the output table."""
        return 2 * (self.vocabulary_size + 1) * self.dim * FLOAT

    @property
    def steps(self) -> int:
        """Training steps of all epochs."""
        return math.ceil(self.tokens / (self.batch_size * FILLED)) * self.epochs

    def memory(self, devices: int) -> int:
        """Bytes that a device holds at most, the text not counted, which stays on disk."""
        parts, places = self._shares(devices)
        tables_and_gradients = self.tables * 5 // 2 // parts
        by_row = 4 * (self.vocabulary_size + 1) * FLOAT
        return int(tables_and_gradients + by_row + places * (2 * self.dim + 2 * NOISE_TOKENS) * FLOAT)

    def sent(self, devices: int) -> int:
        """Bytes that a device sends in a step."""
        summed = self.tables if self.kind == "data" else (2 * self.batch_size + NOISE_TOKENS) * self.dim * FLOAT
        return 2 * (devices - 1) * summed // devices

    def step_seconds(self, devices: int, speed: Speed) -> float:
        """How long a step takes."""
        parts, places = self._shares(devices)
        products = 3 * 2 * places * (ROW + NOISE_TOKENS) * self.dim
        seconds = products / speed.flops + PASSES * self.tables / parts / speed.memory
        return seconds + (self.sent(devices) / speed.network + speed.latency if devices > 1 else 0)

    def _shares(self, devices: int) -> tuple[int, float]:
        """Into how many parts a table is split, and how many places of a batch a device works on."""
        return (1, self.batch_size / devices) if self.kind == "data" else (devices, self.batch_size)
