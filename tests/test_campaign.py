"""Some points of the campaign: a fault at a file operation, and what comes after it.

``POINTS=all pytest -m long tests/test_campaign.py`` tries all that ``campaign/all_points.py`` knows.
"""

import os

import pytest
from campaign.process import missing
from conftest import REPOSITORY, run_python

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def try_points(place, *arguments: str) -> None:
    done = run_python(REPOSITORY / "tests" / "campaign" / "all_points.py", *arguments, cwd=place, timeout=4 * 3600)
    print(done.stdout)
    assert done.returncode == 0, done.stderr


def test_a_kill_a_full_disk_and_a_failing_device_lose_nothing(tmp_path):
    try_points(
        tmp_path,
        "over/stop/rename /run/vectors.npy",
        "over/full/create /run/validation",
        "over/once/rename /run/history.csv",
    )


@pytest.mark.long
def test_a_fault_at_many_file_operations_loses_nothing(tmp_path):
    points = os.environ.get("POINTS", "40")
    try_points(tmp_path, *([] if points == "all" else ["--sample", points]))
