"""The plan's formulae against arithmetic by hand, and against what JAX and the loopback interface say."""

import importlib.util
import json
import sys

import pytest
from conftest import REPOSITORY, run_python

from embedding_tutorial.__main__ import main
from embedding_tutorial.scale.plan import Job, Speed

ASK = ("-m", "embedding_tutorial", "plan", "--tokens-total", "1e6", "--vocabulary", "9999", "--dim", "50")


def test_the_formulae_are_what_they_say():
    data = Job(tokens=1_000_000, vocabulary_size=9_999, dim=50, epochs=2, batch_size=1000, kind="data")
    model = Job(tokens=1_000_000, vocabulary_size=9_999, dim=50, epochs=2, batch_size=1000, kind="model")
    assert data.tables == 2 * 10_000 * 50 * 4 == 4_000_000
    assert data.steps == 2 * 1177  # 1,000,000 / 850, and what is left over
    assert data.memory(1) == 10_000_000 + 120_000 + 1000 * (100 + 256) * 4
    assert data.memory(4) == 10_000_000 + 120_000 + 250 * (100 + 256) * 4
    assert model.memory(4) == 2_500_000 + 120_000 + 1000 * (100 + 256) * 4
    assert [data.sent(n) for n in (1, 2, 4)] == [0, 4_000_000, 6_000_000]
    assert model.sent(2) == (2 * 1000 + 128) * 50 * 4
    speed = Speed(flops=1e9, memory=1e9, network=1e9, latency=0.5)
    work, tables = 6 * 1000 * (16 + 128) * 50 / 1e9, 5 * 4_000_000 / 1e9
    assert data.step_seconds(1, speed) == pytest.approx(work + tables)
    assert data.step_seconds(2, speed) == pytest.approx(work / 2 + tables + 0.004 + 0.5)
    assert model.step_seconds(2, speed) == pytest.approx(work + tables / 2 + model.sent(2) / 1e9 + 0.5)


def test_it_answers_at_once_and_as_a_table(tmp_path):
    done = run_python(*ASK, cwd=tmp_path)  # no run directory is needed
    assert done.returncode == 0, done.stderr
    assert "5,750 steps of 2,048 places; both tables 4.0 MB" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[2:]] == ["devices", "1", "2", "4", "8"]
    rows = json.loads(run_python(*ASK, "--json", "--devices", "3", cwd=tmp_path).stdout)["rows"]
    assert rows[0]["devices"] == 3 and rows[0]["MB sent a step"] == 5.3
    script = "import sys; sys.argv[1:] = %r; import embedding_tutorial.__main__ as m; m.main(); print(*sys.modules)"
    done = run_python("-c", script % (list(ASK[2:]),), cwd=tmp_path)
    assert not {"jax", "keras", "tensorflow"} & set(done.stdout.split())


@pytest.mark.parametrize(
    "wrong", ["0", "-5", "1.5", "many", "inf", "nan", "1e16", "1e308", "1" + 400 * "0", 5000 * "1"]
)
def test_what_is_no_number_of_things_is_one_line(wrong, capsys):
    with pytest.raises(SystemExit) as end:
        main([*ASK[2:-1], wrong])
    assert end.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith(f"error: argument --dim: expected a whole number from 1 to 1e+15, not '{wrong[:40]}'")


@pytest.mark.parametrize("number", ["1e-300", "1e308", "0"])
def test_a_speed_that_no_device_has_is_one_line(number, capsys):
    with pytest.raises(SystemExit):
        main([*ASK[2:], "--gflops", number])
    assert f"--gflops: expected a number from 1e-06 to 1e+12, not '{number}'" in capsys.readouterr().err


def test_the_largest_numbers_are_reckoned_with(capsys):
    large = ["--tokens-total", "--vocabulary", "--dim", "--epochs", "--batch-size", "--devices"]
    main(["plan", *(part for flag in large for part in (flag, "1e15")), "--gflops", "1e-6", "--json"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["devices"] == 10**15 and row["hours"] > 0


@pytest.mark.long
@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="jax is not installed: requirements-optional.txt")
@pytest.mark.skipif(sys.platform != "linux", reason="counts bytes as Linux does")
def test_memory_and_bytes_sent_are_what_was_planned(monkeypatch):
    monkeypatch.syspath_prepend(REPOSITORY / "tests" / "benchmarks")
    import plan as benchmark

    sizes = {"vocabulary_size": 20_000, "dim": 64}
    for kind, devices in (("one", 1), ("data", 2), ("model", 2)):
        found = benchmark.run(**sizes, kind=kind)
        job = Job(10**6, **sizes, epochs=1, batch_size=benchmark.BATCH, kind="model" if kind == "model" else "data")
        if "memory" in found:
            assert job.memory(devices) == pytest.approx(found["memory"], rel=0.15)
        assert job.sent(devices) == pytest.approx(found["sent"], rel=0.1)
