"""Start TensorBoard on a run."""

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

from embedding_tutorial.config import InputError
from embedding_tutorial.run_directory import read_run
from embedding_tutorial.terminal import when_stopped


def serve(run: Path, port: int) -> int:
    """Start TensorBoard, print the address of the projector, and wait until the server ends.

    Returns:
        The server's exit status.

    Raises:
        InputError: the run is not finished, TensorBoard is not installed, or the port is in use.
    """
    read_run(run)
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError("Python cannot find tensorboard; pip install -r requirements.txt")
    try:
        socket.create_server(("localhost", port)).close()
    except OSError as error:
        raise InputError(f"--port {port}: {error.strerror}; name another") from None
    print(f"Open http://localhost:{port}/#projector   (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={run}", f"--port={port}"]
    with subprocess.Popen(command) as server, when_stopped(server.terminate):
        return server.wait()
