"""Shared by all tests: a tiny text with two worlds, a run directory trained on it, TensorBoard, and a browser."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.pictures.projector import export
from embedding_tutorial.run_directory import file_sha256
from embedding_tutorial.text.files import text_sha256
from embedding_tutorial.vectors.word_vectors import WordVectors

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
hypothesis.settings.register_profile("patient", deadline=None)  # the first call builds tables, and machines are busy
hypothesis.settings.load_profile("patient")
REPOSITORY = Path(__file__).resolve().parent.parent

COURT = "王妃皇后宫殿袍冠"
FARM = "牛羊鸡鸭田谷锄草"


def two_worlds(sentences: int = 400) -> str:
    """Sentences that hold characters of the court only, or of the farm only: an answer known beforehand."""
    draw = random.Random(7)
    lines = ("".join(draw.choices(world, k=draw.randint(4, 12))) for world in (COURT, FARM) * (sentences // 2))
    return "\n".join(lines) + "\n"


def run_python(*arguments: object, cwd: Path, timeout: int = 300, **environment: str) -> subprocess.CompletedProcess:
    """``python ARGUMENTS`` from any directory, with the package at hand; what it prints is kept."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def in_a_terminal(*arguments: object, typed: str | None = None) -> str:
    """What ``python ARGUMENTS`` writes to a terminal (a pseudo-terminal of Unix).

    ``typed`` is typed into it beforehand, and shown by it; ``None``: standard input is no terminal.
    """
    import pty

    ours, its = pty.openpty()
    command = [sys.executable, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    stdin = subprocess.DEVNULL if typed is None else its
    os.write(ours, (typed or "").encode())
    with subprocess.Popen(command, stdin=stdin, stdout=its, stderr=its, env=environment):
        os.close(its)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
    os.close(ours)
    return shown.decode()


def run_train(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """``python train.py ARGUMENTS`` as a user would run it."""
    # A user sets no PYTHONPATH: the script finds the package beside itself.
    return run_python(REPOSITORY / "train.py", *arguments, cwd=cwd, **{"PYTHONPATH": "", **environment})


def write_run(
    directory: Path, loss: float | None = 2.0, vectors: WordVectors | None = None, **settings: object
) -> Path:
    """A finished run without training.

    Args:
        directory: is made.
        loss: ``val_loss`` of the last epoch; ``None``: no sentences were held out.
        vectors: by default random ones for the characters of the two worlds.
        settings: those of ``TrainingConfig``; the default corpus is a file of two worlds beside ``directory``.
    """
    directory.mkdir(parents=True)
    corpus = directory.parent / "worlds.txt"
    if "corpus" not in settings:
        corpus.write_text(two_worlds(), encoding="utf-8")
    config = TrainingConfig(**{"corpus": corpus, **settings})
    if vectors is None:
        tokens = COURT + FARM
        matrix = np.random.default_rng(config.seed).normal(size=(len(tokens), config.dim))
        vectors = WordVectors(tokens, [200] * len(tokens), matrix)
    losses = "epoch,loss\n1,2.5\n" if loss is None else f"epoch,loss,val_loss\n1,2.5,{loss}\n"
    (directory / "history.csv").write_text(losses, encoding="utf-8")
    hashes = {"corpus_sha256": text_sha256(config), "init_sha256": config.init and file_sha256(config.init)}
    run = {"config": config.to_json(directory), **hashes, "fit_seconds": 1.5}
    export(directory, vectors, [], run)
    return directory


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> tuple[Path, str]:
    """A run directory made by the command line in the default ``runs/``, and what was printed."""
    place = tmp_path_factory.mktemp("a place with blanks 和中文")
    (place / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    done = run_train("--corpus", "worlds.txt", "--epochs", "20", "--dim", "8", cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "runs" / "worlds-characters", done.stdout


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """TensorBoard on a free port, asked over HTTP.

    ``run`` is what TensorBoard calls the run that the tests look at: ``.`` if it is the log directory itself.
    """

    def __init__(self, logdir: Path, run: str = ".") -> None:
        self.run = run
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--port", str(port)]
        self.process = subprocess.Popen(
            [*command, "--host", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def get(self, path: str, **query: str) -> bytes:
        url = f"{self.address}/data/plugin/{path}?{urllib.parse.urlencode(query)}"
        for _ in range(240):
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    return answer.read()
            except ConnectionRefusedError:
                pass
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError):
                    raise
            assert self.process.poll() is None, "TensorBoard ended"
            time.sleep(0.25)
        raise TimeoutError(url)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session", params=["the run", "its parent"])
def server(request, finished_run) -> Server:
    """TensorBoard on the finished run, and on the directory above it."""
    directory, _ = finished_run
    server = Server(directory) if request.param == "the run" else Server(directory.parent, directory.name)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium. A module at a time: its event loop would be in the way of other tests' loops."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: requirements-optional.txt"
    )
    names = ("chromium", "google-chrome", "chromium-browser")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is on the PATH")
    with playwright.sync_playwright() as driver:
        # WebGL in software, so that it needs no graphics card and looks the same everywhere.
        browser = driver.chromium.launch(
            executable_path=found, args=["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, tmp_path):
    """An empty page. The test fails if a script of it fails, or opens a dialog, or asks another machine for anything.

    What it shows in the end is kept as ``page.png`` in ``tmp_path``.
    """
    wrong = []

    def stays_here(request) -> None:
        url = urllib.parse.urlsplit(request.url)
        if url.scheme not in ("data", "blob", "file") and url.hostname not in ("127.0.0.1", "localhost"):
            wrong.append(f"asked for {request.url}")

    def dialog(dialog) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(120_000)
    context.on("request", stays_here)
    context.on("weberror", lambda error: wrong.append(f"script: {error.error}"))
    context.on("console", lambda message: message.type == "error" and wrong.append(f"console: {message.text}"))
    context.on("dialog", dialog)
    page = context.new_page()
    page.on("websocket", stays_here)
    yield page
    page.screenshot(path=tmp_path / "page.png")
    context.close()
    assert not wrong, "\n".join(wrong)
