"""Kill a training, fill its disk or break its device at each file operation in turn; then go on, and compare.

python tests/campaign/all_points.py                   all points, on all cores
python tests/campaign/all_points.py --sample 40       forty of them, evenly spread
python tests/campaign/all_points.py over/full         all of a scenario, or of one fault in it
python tests/campaign/all_points.py over/full/37      one, and what was printed
python tests/campaign/all_points.py "over/stop/rename /run/vectors.npy"   the first operation that begins so

After each fault: the process was killed, or ends by itself with one line; every question gets the answer of one
complete run, or one line; ``--resume`` (or, where the run had not begun, the same command again) ends with the
bytes of a run that nothing happened to; the user's files are as they were, and nothing unfinished is left behind.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import checks
import process
from scenarios import ASKED, NEW, TRAININGS, Campaign, Outcome, Point


def main() -> int:
    """Parse the command line, try the points, print a table and what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "points", nargs="*", metavar="POINT", help="SCENARIO, SCENARIO/FAULT or SCENARIO/FAULT/OPERATION (default: all)"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="so many points, evenly spread")
    parser.add_argument("--every", action="store_true", help="the middle of a series of writes, too; twice as many")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes (default: a core each)"
    )
    options = parser.parse_args()
    if problem := process.missing():
        sys.exit(problem)
    process.preload()
    sys.path.insert(0, str(process.REPOSITORY))
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # see process.py
    from embedding_tutorial.quiet import import_keras_quietly

    import_keras_quietly()
    import embedding_tutorial.model.training  # noqa: F401  once, for all that are forked

    started, work = time.monotonic(), Path(tempfile.mkdtemp(prefix="campaign-")).resolve()
    try:
        campaign = Campaign(work)
        campaign.prepare({name.split("/")[0] for name in options.points} or {*TRAININGS, *ASKED})
        if options.points:
            points = [point for name in options.points for point in campaign.named(name, options.every)]
        else:
            check_that_a_fork_is_as_good_as_a_new_process(campaign, work / "new process")
            points = campaign.points(options.every)
        points = points[:: -(-len(points) // (options.sample or len(points)))]
        campaign.talks = len(points) == 1
        outcomes = try_all(campaign, points, min(options.jobs, len(points)))
        print_table(outcomes)
        wrong = print_faults(campaign, outcomes)
        for fault in campaign.unsynced():
            print(f"\n{fault}")
            wrong += 1
    finally:
        shutil.rmtree(work)
    print(f"{len(points)} points in {time.monotonic() - started:.0f} s, {wrong} of them with a fault")
    return int(wrong > 0)


def check_that_a_fork_is_as_good_as_a_new_process(campaign: Campaign, place: Path) -> None:
    """Train in a new process what was trained in a forked one; the files must be the same."""
    place.mkdir()
    (place / "text.txt").write_bytes((campaign.templates / "fresh" / "text.txt").read_bytes())
    subprocess.run([sys.executable, process.REPOSITORY / NEW[0], *NEW[1:]], cwd=place, check=True, capture_output=True)
    if checks.contents(place / checks.RUN) != campaign.exports["new"].files:
        raise RuntimeError("a run in a new process gives other files than one in a forked process")


def try_all(campaign: Campaign, points: list[Point], jobs: int) -> list[tuple[Point, Outcome]]:
    """Try the points in so many processes; what is near each other goes to the same one."""
    work = campaign.templates.parent
    sys.stdout.flush()
    for job in range(jobs):
        if os.fork() == 0:
            try:
                try_some(campaign, [point for point in points if point.number // 2 % jobs == job], work / f"job {job}")
                sys.stdout.flush()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
    if any([os.wait()[1] for _ in range(jobs)]):
        raise RuntimeError("a process of the campaign failed")
    lines = [line for file in work.glob("job */outcomes") for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted((Point(*point), Outcome(*outcome)) for point, outcome in map(json.loads, lines))


def try_some(campaign: Campaign, points: list[Point], work: Path) -> None:
    """Try points one after the other, in a place of their own, and write what comes of them to a file."""
    campaign.place = work / "place"
    campaign.place.mkdir(parents=True)
    with open(work / "outcomes", "w", encoding="utf-8") as file:
        for done, point in enumerate(points, start=1):
            file.write(json.dumps([point, campaign.attempt(point)]) + "\n")
            file.flush()
            if done % 50 == 0:
                print(f"{work.name}: {done} of {len(points)} points", file=sys.stderr, flush=True)


def print_table(outcomes: list[tuple[Point, Outcome]]) -> None:
    """How many points of each scenario and fault ended how."""
    rows = defaultdict(Counter)
    for point, outcome in outcomes:
        row = rows[point.scenario, point.fault]
        row.update(["points", outcome.ended, f"{outcome.answers} answers", outcome.after])
        row["same state"] += bool(outcome.after) and not outcome.tried
        row["wrong"] += bool(outcome.faults)
    known = ["points", "killed", "one line", "badly", "old answers", "new answers", "none answers"]
    known += ["complete", "resumed", "started again", "same state", "blocked", "wrong"]
    rows["all", ""] = sum(rows.values(), Counter())
    print("| scenario | fault |", *(f"{title} |" for title in known))
    print("|---|---|" + "--:|" * len(known))
    for names, row in rows.items():
        print(f"| {names[0]} | {names[1]} |", *(f"{row[title] or '':>{len(title)}} |" for title in known))


def print_faults(campaign: Campaign, outcomes: list[tuple[Point, Outcome]]) -> int:
    """What is wrong, how often, and where for example. Returns at how many points something is wrong."""
    found = defaultdict(list)
    for point, outcome in outcomes:
        for fault in dict.fromkeys(outcome.faults):
            found[fault].append(point)
    for fault, points in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(points)} x {fault}")
        for point in points[:: max(1, len(points) // 3)][:4]:
            print(f"    {point}    {campaign.operation(point)}")
    return len({point for points in found.values() for point in points})


if __name__ == "__main__":
    sys.exit(main())
