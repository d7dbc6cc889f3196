"""What surrounds a run: environment, ``keras.json``, standard streams, Ctrl-C, a crash in C++, a full disk."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY, free_port, run_python, run_train, two_worlds

from embedding_tutorial import quiet
from embedding_tutorial.config import InputError
from embedding_tutorial.pictures.sprites import HOW_TO_GET_A_FONT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="descriptors, signals and /dev/full are Unix's")

TRAIN = REPOSITORY / "train.py"
TAKE_OVER = "import os, signal, sys, time\nfrom embedding_tutorial import terminal\nterminal.take_over('program')\n"


def start(*arguments: object, cwd, **options) -> subprocess.Popen:
    """Start a Python program with pipes at its output."""
    options = {"env": {**os.environ, "PYTHONPATH": str(REPOSITORY)}, **options}
    # Tests that a script runs in the background inherit that Ctrl-C is ignored.
    options.setdefault("preexec_fn", lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "cwd": cwd}
    return subprocess.Popen([sys.executable, *map(str, arguments)], **{**pipes, **options})


def shell(line: str, cwd) -> subprocess.CompletedProcess:
    """Run a line of the shell with this Python. The status of a pipe is that of the last command that failed."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line.replace('python', sys.executable)}"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def fakes(tmp_path):
    """Make packages keras and tensorflow that are quick to import; the second runs the code that it is given."""

    def make(does: str) -> dict[str, str]:
        contents = {"keras": "class backend: backend = lambda: 'jax'\n", "tensorflow": f"import os\n{does}\n"}
        for name, content in contents.items():
            (tmp_path / "fakes" / name).mkdir(parents=True)
            (tmp_path / "fakes" / name / "__init__.py").write_text(content, encoding="utf-8")
        return {"PYTHONPATH": f"{tmp_path / 'fakes'}{os.pathsep}{REPOSITORY}"}

    return make


# --- environment variables and keras.json


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("KERAS_BACKEND", "torch", "KERAS_BACKEND is torch, but only tensorflow and jax work here; set "),
        ("KERAS_BACKEND", "tensorflwo", "KERAS_BACKEND is tensorflwo, but only"),
        ("TF_NUM_INTRAOP_THREADS", "-3", "TF_NUM_INTRAOP_THREADS is -3; it must be a whole number from 0"),
        ("TF_NUM_INTRAOP_THREADS", "abc", "TF_NUM_INTRAOP_THREADS is abc"),
        ("TF_NUM_INTEROP_THREADS", "9" * 5000, "TF_NUM_INTEROP_THREADS is 999"),
        ("KERAS_MAX_EPOCHS", "1", "KERAS_MAX_EPOCHS is 1: it ends training early"),
        ("KERAS_MAX_STEPS_PER_EPOCH", "1", "KERAS_MAX_STEPS_PER_EPOCH is 1: it ends training early"),
        ("keras.json", '{"backend": "theano"}', "keras.json: backend is theano, but only tensorflow and jax work"),
        ("keras.json", "[]", "keras.json: holds no settings"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_keras_is_imported(name, value, message, tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    quiet.check_environment()
    if name == "keras.json":
        (tmp_path / name).write_text(value, encoding="utf-8")
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as refused:
        quiet.check_environment()
    assert message in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["[", "{}", '{"backend": "jax"}', "\xff"])
def test_settings_that_work_are_not(text, tmp_path, monkeypatch):
    pytest.importorskip("jax")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "abc")
    (tmp_path / "keras.json").write_text(text, encoding="latin-1")
    quiet.check_environment()


def test_no_keras_json_changes_what_is_learned_and_no_full_output_ends_it(finished_run, tmp_path):
    directory, _ = finished_run
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "float64", "epsilon": 0.1}), encoding="utf-8")
    with open("/dev/full", "w", encoding="utf-8") as full:
        flags = ("--corpus", directory.parent.parent / "worlds.txt", "--epochs", "20", "--dim", "8", "--out", "run")
        environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
        done = start(TRAIN, *flags, cwd=tmp_path, stdout=full, env=environment)
        complaints = done.communicate(timeout=300)[1]
    assert complaints == "train.py: error: standard output: No space left on device\n" and done.returncode == 1
    for name in ("vectors.npy", "history.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (directory / name).read_bytes()


def test_a_value_that_keras_refuses_is_one_line(tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "bfloat16"}', encoding="utf-8")
    code = TAKE_OVER + "from embedding_tutorial.quiet import import_keras_quietly\nimport_keras_quietly()"
    done = run_python("-c", code, cwd=tmp_path, KERAS_HOME=str(tmp_path))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"program: error: {tmp_path / 'keras.json'}: Invalid `floatx`")
    assert "floatx=bfloat16; mend it, or remove it" in done.stderr


# --- missing packages


@pytest.mark.parametrize("program", [[TRAIN], ["-m", "embedding_tutorial"]])
def test_without_the_packages_a_program_says_what_to_install(program, tmp_path):
    done = run_python("-S", *program, cwd=tmp_path)  # -S: nothing that is installed is found
    assert done.returncode == 1 and done.stdout == ""
    assert "error: Python cannot find " in done.stderr and "pip install -r requirements.txt" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["tensorboard", "rjieba", "keras"])
def test_a_package_that_is_needed_late_is_missed_early(name, monkeypatch):
    find_spec = quiet.find_spec
    monkeypatch.setattr(quiet, "find_spec", lambda asked: None if asked == name else find_spec(asked))
    with pytest.raises(ModuleNotFoundError, match=name):
        quiet.check_environment(["rjieba"])


# --- what a crash prints


def test_what_keras_prints_is_shown_only_if_its_import_fails_or_crashes(fakes, tmp_path):
    environment = fakes("")
    code = "from embedding_tutorial.quiet import *; import_keras_quietly(); os.write(2, b'later')"
    works = "class config: list_physical_devices = set_visible_devices = set_floatx = set_epsilon = lambda *_: []"
    for after, status, shown in (
        ("os.abort()", -signal.SIGABRT, r"terminate called\n"),
        ("os._exit(3)", 3, r"terminate called\n"),
        ("raise SystemError('broken')", 1, r"terminate called\nTraceback .*SystemError: broken\n"),
        (f"{works}\nimport keras\nkeras.config = config", 0, "later"),
    ):
        fake = f"import os\nos.write(2, b'terminate called\\n')\n{after}\n"
        (tmp_path / "fakes" / "tensorflow" / "__init__.py").write_text(fake, encoding="utf-8")
        done = run_python("-B", "-c", code, cwd=tmp_path, **environment)
        assert done.returncode == status and re.fullmatch(shown, done.stderr, re.DOTALL), done.stderr


# --- standard streams


@pytest.mark.parametrize(
    ("line", "status", "stdout", "stderr"),
    [
        ("| head -1", 0, "王妃 is composed of 王 + 妃\n", ""),
        ("--json | head -1", 0, "{\n", ""),
        ("> /dev/full", 1, "", "embedding_tutorial: error: standard output: No space left on device\n"),
        ("--json > /dev/full", 1, "", "embedding_tutorial: error: standard output: No space left on device\n"),
        (">&-", 0, "", ""),
        ("<&- >&- 2>&-", 0, "", ""),
    ],
)
def test_a_question_whose_answer_is_not_taken_ends_without_noise(line, status, stdout, stderr, finished_run):
    directory, _ = finished_run
    done = shell(f"python -m embedding_tutorial neighbors 王妃 --run '{directory}' {line}", cwd=directory)
    assert (done.returncode, done.stdout, done.stderr) == (status, stdout, stderr)


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    (tmp_path / "program.py").write_text(
        f"{TAKE_OVER}with open('file', 'w', encoding='utf-8') as file:\n"
        "    print('lost'); print('lost', file=sys.stderr, flush=True)\n"
        "    os.write(1, b'lost'); os.write(2, b'lost'); file.write(str(file.fileno() > 2))",
        encoding="utf-8",
    )
    done = shell("python program.py <&- >&- 2>&-", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "file").read_text(encoding="utf-8") == "True"


# --- Ctrl-C


def wait_for(path: Path, process: subprocess.Popen) -> None:
    for _ in range(600):
        if path.exists():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.kill()
    raise TimeoutError(path)


def test_ctrl_c_while_the_text_is_read_promises_nothing(finished_run, tmp_path):
    directory, _ = finished_run
    (tmp_path / "run").mkdir()
    shutil.copy(directory / "config.json", tmp_path / "run")  # an earlier run, not this one
    os.mkfifo(tmp_path / "text")
    process = start(TRAIN, "--corpus", "text", "--out", "run", cwd=tmp_path)
    with open(tmp_path / "text", "wb"):  # waits until it is opened for reading
        process.send_signal(signal.SIGINT)
        printed, complaints = process.communicate(timeout=60)
    assert (process.returncode, printed) == (130, "\nStopped.\n")
    assert complaints == "text: is a pipe; waiting for what is written to it\n"


def test_ctrl_c_while_keras_is_imported_promises_nothing(fakes, tmp_path):
    environment = fakes("os.write(2, b'noise'); open('begun', 'wb').close(); import time; time.sleep(60)")
    (tmp_path / "text.txt").write_text(two_worlds(40), encoding="utf-8")
    process = start(TRAIN, "--corpus", "text.txt", cwd=tmp_path, env={**os.environ, **environment})
    wait_for(tmp_path / "begun", process)
    process.send_signal(signal.SIGINT)
    printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 130 and complaints == ""
    said = printed.replace(f"{HOW_TO_GET_A_FONT}\n", "")  # said where no Chinese font is installed
    assert said.endswith("left out\n\nStopped.\n")


def test_ctrl_c_is_not_lost_where_python_drops_exceptions_nor_heard_where_it_is_ignored(tmp_path):
    code = (
        f"{TAKE_OVER}class Dying:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT); time.sleep(0)\n"
        "Dying()\nprint('went on')"
    )
    stopped = start("-c", code, cwd=tmp_path)
    assert (*stopped.communicate(timeout=60), stopped.returncode) == ("\nStopped.\n", "", 130)
    ignored = start("-c", code, cwd=tmp_path, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert ignored.communicate() == ("went on\n", "")


def test_ctrl_c_ends_a_program_that_waits_for_its_reader(tmp_path):
    process = start("-c", f"{TAKE_OVER}print('x' * 1_000_000)", cwd=tmp_path)
    assert process.stdout.read(1) == "x"
    process.send_signal(signal.SIGINT)
    printed, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (130, "") and printed.endswith("Stopped.\n")


def test_ctrl_c_ends_tensorboard_too(finished_run, tmp_path):
    directory, _ = finished_run
    (tmp_path / "tensorboard").mkdir()
    (tmp_path / "tensorboard" / "__init__.py").touch()
    (tmp_path / "tensorboard" / "main.py").write_text(
        "import time\nopen('begun', 'wb').close()\ntime.sleep(60)", encoding="utf-8"
    )
    path = f"{tmp_path}{os.pathsep}{REPOSITORY}"
    command = ("-m", "embedding_tutorial", "tensorboard", "--run", directory, "--port", free_port())
    process = start(*command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})
    wait_for(tmp_path / "begun", process)
    process.send_signal(signal.SIGINT)
    printed, complaints = process.communicate(timeout=60)  # both have ended: no process holds the pipes
    assert process.returncode == 130 and complaints == "" and printed.endswith("Stopped.\n")


# --- a full disk, and names that are not UTF-8


def test_a_disk_that_is_full_while_the_text_is_encoded_is_one_line(tmp_path):
    (tmp_path / "text.txt").write_text(two_worlds(60), encoding="utf-8")
    process = start(
        *(TRAIN, "--corpus", "text.txt"),
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
    )
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 1 and complaints.count("\n") == 1
    assert "cannot hold the encoded text (File too large); set TMPDIR" in complaints


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_name_that_is_not_utf8_is_refused_before_the_text_is_read(tmp_path):
    gbk = os.fsdecode("红楼.txt".encode("gbk"))
    for name in (gbk, "红楼.txt"):
        (tmp_path / name).write_text(two_worlds(40), encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for flags, environment in ((["--corpus", gbk], {}), (["--out", gbk], {}), (["--corpus", "红楼.txt"], ascii_only)):
        process = start(TRAIN, *flags, cwd=tmp_path, env={**os.environ, **environment})
        printed, complaints = process.communicate(timeout=60)
        assert (process.returncode, printed, complaints.count("\n")) == (1, "", 1)
        assert "the name is not UTF-8; rename it" in complaints and "PYTHONUTF8=1" in complaints
    assert run_train("--corpus", "红楼.txt", "--dim", "1", cwd=tmp_path).stderr.startswith("train.py: error: --dim")
