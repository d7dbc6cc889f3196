"""``python -m embedding_tutorial plan`` against measured runs of three sizes.

    KERAS_BACKEND=jax python tests/benchmarks/plan.py [--sizes 50000x100 100000x100 200000x100]

Each size is trained for some steps on one core; by two processes on one core each, over loopback, that
share each batch; and on two devices of one process that share the tables. Memory is what the compiled step
asks for, bytes sent are what the loopback interface counted, or, inside a process, what the
compiled step sums over its devices. Linux only. Tables that fit into the processor's cache are quicker
than the plan says.
"""

import argparse
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.scale.plan import ROW, Job, Speed

BATCH = 2048
STEPS = 30


def loopback_bytes() -> int:
    """What the loopback interface has sent since the machine started."""
    lines = Path("/proc/net/dev").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.strip().startswith("lo:")).split()[9])


def measure(vocabulary_size: int, dim: int, config: TrainingConfig) -> dict:
    """Train some steps on random tokens, and say what they took."""
    from embedding_tutorial.quiet import import_keras_quietly

    import_keras_quietly()
    import jax
    import numpy as np
    import tensorflow as tf

    from embedding_tutorial.model.sequential import build_model, compile_model
    from embedding_tutorial.scale.devices import joined
    from embedding_tutorial.text.batches import ONE_DEVICE
    from embedding_tutorial.text.sampling import NOISE_TOKENS
    from embedding_tutorial.text.vocabulary import Vocabulary

    counts = np.maximum(1, 1e6 / np.arange(1, vocabulary_size + 1)).astype(np.int64)
    with joined(config) if config.distribute else contextlib.nullcontext(ONE_DEVICE) as devices:
        vocabulary = Vocabulary([f"t{i}" for i in range(vocabulary_size)], counts)
        model = build_model(config, vocabulary, table_parts=devices.table_parts)
        compile_model(model, config, 1000)
        draw = np.random.default_rng(devices.process)
        shape = (STEPS, BATCH // ROW // devices.processes, ROW)
        ids = draw.choice(np.arange(1, vocabulary_size + 1), p=counts / counts.sum(), size=shape).astype(np.int32)
        noise = np.ones((STEPS, devices.batch_parts // devices.processes, NOISE_TOKENS), np.int32)
        dataset = tf.data.Dataset.from_tensor_slices((ids, (ids, noise)))
        model.fit(dataset.take(3), shuffle=False, verbose=0)
        sent, started = loopback_bytes(), time.perf_counter()
        model.fit(dataset, shuffle=False, verbose=0)
        found = {"ms": 1e3 * (time.perf_counter() - started) / STEPS}
        if devices.processes > 1:
            return {**found, "sent": (loopback_bytes() - sent) / STEPS / devices.processes}
        groups = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        state = [[variable.value for variable in group] for group in (*groups, model.metrics_variables)]
        compiled = (
            jax.jit(model.train_step, donate_argnums=0).lower(tuple(state), (ids[0], (ids[0], noise[0]))).compile()
        )
        memory = compiled.memory_analysis()
        # all-reduce over two devices: each sends as many bytes as the result has
        sums = re.findall(r"= (.*?) all-reduce\(", compiled.as_text())
        sizes = [
            np.prod([int(n) for n in shape.split(",") if n])
            for line in sums
            for shape in re.findall(r"f32\[([\d,]*)\]", line)
        ]
        return {
            **found,
            "memory": memory.argument_size_in_bytes + memory.temp_size_in_bytes,
            "sent": 4 * float(sum(sizes)),
        }


def run(vocabulary_size: int, dim: int, kind: str) -> dict:
    """``measure`` in processes of their own, one core each: for ``data`` two, over loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    if kind == "model":
        environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "--measure", str(vocabulary_size), str(dim), kind, address, str(number)],
            env=environment,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in range(2 if kind == "data" else 1)
    ]
    printed = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"{vocabulary_size} x {dim}, {kind}: failed")
    return json.loads(printed[0].splitlines()[-1])


def main() -> None:
    """Measure all sizes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["50000x100", "100000x100", "200000x100"], metavar="VxD")
    parser.add_argument("--measure", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        vocabulary_size, dim, kind, address, number = options.measure
        os.sched_setaffinity(0, {int(number) % os.cpu_count()})
        company = {"coordinator": address, "processes": 2, "process": int(number)} if kind == "data" else {}
        config = TrainingConfig(dim=int(dim), distribute=None if kind == "one" else kind, **company)
        print(json.dumps(measure(int(vocabulary_size), int(dim), config)))
        return

    print("| V x D | devices | what | plan | measured | plan / measured |\n|---|---|---|---|---|---|")
    for size in options.sizes:
        vocabulary_size, dim = map(int, size.split("x"))
        for kind, devices in (("one", 1), ("data", 2), ("model", 2)):
            found = run(vocabulary_size, dim, kind)
            job = Job(10**6, vocabulary_size, dim, 1, BATCH, "model" if kind == "model" else "data")
            rows = []
            if "memory" in found:
                rows.append(("MB a device", job.memory(devices) / 1e6, found["memory"] / 1e6))
            if devices > 1:
                rows.append(("MB sent a step", job.sent(devices) / 1e6, found["sent"] / 1e6))
            if kind != "model":  # its two devices share one core here
                rows.append(("ms a step", 1e3 * job.step_seconds(devices, Speed()), found["ms"]))
            for what, planned, measured in rows:
                name = f"{devices}, {kind}" if devices > 1 else "1"
                print(
                    f"| {size} | {name} | {what} | {planned:.1f} | {measured:.1f} | {planned / measured:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
