"""In a notebook: ``learn()`` shows a bar, and TensorBoard opens below a cell."""

import os
import signal
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY, free_port, two_worlds

nbformat = pytest.importorskip("nbformat", reason="nbclient is not installed: requirements-optional.txt")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: requirements-optional.txt")


@pytest.mark.long
def test_a_bar_is_shown_and_goes_and_tensorboard_opens_below_a_cell(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    (tmp_path / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    port = free_port()
    cells = [
        "from embedding_tutorial import learn, progress\nprogress.PATIENCE = progress.REDRAW = 0\n"
        "drawn, draw = [], progress.NotebookBar.update\n"
        "progress.NotebookBar.update = lambda bar, done: (draw(bar, done), drawn.append(bar.place is not None))\n"
        "result = learn('worlds.txt', dim=4, epochs=3, out='runs/mine')",
        "assert len(drawn) >= 3 and all(drawn)\nresult",
        f"%load_ext tensorboard\n%tensorboard --logdir runs/mine --port {port}",
        f"from tensorboard import manager\n[info.pid for info in manager.get_all() if info.port == {port}]",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    learned, shown, board, pids = (cell.outputs for cell in notebook.cells)
    try:
        assert {output.output_type for output in learned} == {"display_data"}  # nothing is printed
        assert all(output.data["text/html"] == "" for output in learned)  # the bars are gone
        assert shown[0].data["text/plain"].startswith("<TrainingResult: skipgram on worlds.txt, 400 sentences")
        assert any("iframe" in output.get("data", {}).get("text/html", "") for output in board), board
    finally:
        for pid in eval(pids[0].data["text/plain"]):
            os.kill(pid, signal.SIGTERM)
