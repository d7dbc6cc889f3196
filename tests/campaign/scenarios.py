"""The points of the campaign, and what is tried at each.

A point is a scenario, a fault (see ``faults.c``) and the number of the file operation that meets it. Scenarios:

fresh      a new run where there is none
over       a new run over a finished one of other settings, among files of the user's
resume     ``--resume`` of a run that was killed after its first epoch, over an older one
chain      two or three faults in a row, drawn at random; the number is the seed
neighbors, evaluate, compare   a question to a finished run
"""

import itertools
import random
import shutil
from pathlib import Path
from typing import NamedTuple

import checks
import ending
import process
from checks import FOREIGN, QUESTIONS, RUN, last_line, one_line

WORLDS = "王妃皇后宫殿袍冠", "牛羊鸡鸭田谷锄草"
SHARED = ["--corpus", "text.txt", "--window", "2", "--batch-size", "64", "--out", RUN]
OLD = ["train.py", *SHARED, "--dim", "3", "--epochs", "3", "--min-count", "2", "--seed", "5"]
NEW = ["train.py", *SHARED, "--dim", "4", "--epochs", "2", "--min-count", "1"]
RESUME = ["train.py", "--resume", RUN]
TRAININGS = {"fresh": NEW, "over": NEW, "resume": RESUME}
ASKED = {question: ["-m", "embedding_tutorial", *words] for question, words in QUESTIONS.items()}

CHAINS = 40
NEEDED = ("config.json", "checkpoint.npz", "run.json")

CHANGES = ("create", "open", "truncate", "write", "rename", "remove")
MEETS = {  # fault -> kinds of operations that can meet it
    "stop": CHANGES,  # before "sync" or "close" the files are as after the previous operation
    "tear": ("write",),
    "full": ("create", "write"),
    "broken": (*CHANGES, "sync", "close"),
    "once": (*CHANGES, "sync", "close"),
    "unread": ("read",),
    "interrupt": ("create",),
    "terminate": ("create",),
}
TURNS = {"broken": 0, "interrupt": 1, "terminate": 0}  # only at even or odd numbers, unless all points are asked for


class Point(NamedTuple):
    """Which fault happens where."""

    scenario: str
    fault: str
    number: int

    def __str__(self) -> str:
        return "/".join(map(str, self))


class Outcome(NamedTuple):
    """What came out of a point.

    Attributes:
        ended: how the process ended: ``killed``, ``one line``, ``complete`` or ``badly``.
        answers: whose answers there were before going on: ``old``, ``new``, ``none`` or a mixture.
        after: ``resumed``, ``started again`` or ``blocked``; empty where it is complete already.
        tried: whether going on was tried, not taken over from a point that left the same state.
        faults: what is wrong, in words.
    """

    ended: str
    answers: str
    after: str
    tried: bool
    faults: list[str]


class Campaign:
    """Two complete runs, an old and a new one, and a place in which the new one meets faults.

    Args:
        work: a directory of our own.
    """

    def __init__(self, work: Path) -> None:
        self.templates, self.place = work / "templates", work / "main" / "place"
        self.exports: dict[str, checks.Export] = {}
        self.operations: dict[tuple[str, bool], list[tuple[str, str]]] = {}  # scenario, whether those that read
        self.gone_on: dict[str, tuple[str, list[str]]] = {}  # a state of the run directory -> its outcome
        self.talks = False

    def run(self, words: list[str], fault: str = "none", number: int = 0) -> process.End:
        """``process.run`` in the place; with ``talks`` it is shown."""
        end = process.run(words, self.place, fault, number)
        if self.talks:
            last = [" ".join(operation) for operation in end.operations[-3:]]
            print(f"$ {' '.join(words)}    [{fault} {number}]\n{end.out}{end.err}exit {end.code}; last: {last}\n")
        return end

    def put(self, template: str) -> None:
        """Make the place what a template holds."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.templates / template, self.place)

    def keep(self, template: str) -> None:
        """Keep the place as a template."""
        shutil.copytree(self.place, self.templates / template)

    def prepare(self, scenarios: set[str]) -> None:
        """Train both runs without a fault, and count the operations of each scenario.

        Raises:
            RuntimeError: a run fails, or two runs of one command differ.
        """
        draw = random.Random(7)
        lines = ["".join(draw.choices(world, k=draw.randint(4, 8))) for world in WORLDS * 10]
        (self.place / "tmp").mkdir(parents=True)
        (self.place / "text.txt").write_text("\n".join([*lines, "春王秋"]) + "\n", encoding="utf-8")
        self.keep("fresh")
        self._whole("old", self.run(OLD))
        for name in FOREIGN:
            (self.place / RUN / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / RUN / name).write_text("mine\n", encoding="utf-8")
        self.keep("over")
        self._count("over")
        self.keep("new")
        for scenario in sorted(scenarios & {"fresh", "resume", *ASKED}):
            if scenario == "resume":
                begun = self.operations["over", False].index(("rename", f"/{RUN}/checkpoint.npz"))
                self.put("over")
                self.run(NEW, "stop", begun + 3)
                self.keep("resume")
            self._count(scenario)

    def _count(self, scenario: str) -> None:
        self.put("new" if scenario in ASKED else scenario)
        end = self.run({**TRAININGS, **ASKED}[scenario])
        self._whole("new", end)
        for reads in (False, True):
            self.operations[scenario, reads] = [o for o in end.operations if (o[0] == "read") == reads]

    def _whole(self, name: str, end: process.End) -> None:
        export = checks.export_of(name, self.place) if end.code == 0 else None
        if export is None or end.err or export.answers != self.exports.setdefault(name, export).answers:
            raise RuntimeError(f"without a fault: {end.err or 'two runs of one command give other answers'}")
        if self._differences(name):
            raise RuntimeError(f"without a fault: {self._differences(name)}")

    def points(self, every: bool = False) -> list[Point]:
        """All points. Unless ``every``: not the middle of a series of writes to one file, and as ``TURNS`` says."""
        points = []
        for (scenario, reads), operations in self.operations.items():
            for fault, kinds in MEETS.items():
                if reads != (fault == "unread") or (scenario in ASKED and not reads):
                    continue
                for number, operation in enumerate(operations, start=1):
                    near = operations[max(0, number - 3) : number + 1]
                    middle = operation[0] in ("write", "read") and near == [operation] * 4
                    turn = TURNS.get(fault, number % 2) == number % 2
                    if operation[0] in kinds and (every or (turn and not middle)):
                        points.append(Point(scenario, fault, number))
        return points + [Point("chain", "several", seed) for seed in range(CHAINS)]

    def named(self, name: str, every: bool = False) -> list[Point]:
        """The points of ``over``, ``over/full`` or ``over/full/37``; of ``over/full/create``, the first such one."""
        scenario, fault, operation = (*name.split("/", 2), "", "")[:3]
        if not operation:
            return [p for p in self.points(every) if p.scenario == scenario and fault in ("", p.fault)]
        if operation.isdecimal():
            return [Point(scenario, fault, int(operation))]
        names = [" ".join(done) for done in self.operations[scenario, fault == "unread"]]
        return [Point(scenario, fault, number) for number, name in enumerate(names, 1) if name.startswith(operation)][
            :1
        ]

    def unsynced(self) -> list[str]:
        """Files that a run needs and that are renamed before they are safe from a power cut."""
        done = [operation for operation in self.operations["over", False] if operation[0] != "close"]
        found = {after[1] for before, after in itertools.pairwise(done) if after[0] == "rename" and before[0] != "sync"}
        return [f"{name} is renamed without fsync" for name in NEEDED if f"/{RUN}/{name}" in found]

    def operation(self, point: Point) -> str:
        """What the operation of a point is."""
        operations = self.operations.get((point.scenario, point.fault == "unread"), [])
        return " ".join(operations[point.number - 1]) if point.number <= len(operations) else ""

    def attempt(self, point: Point) -> Outcome:
        """Let a run meet a fault, ask what can be asked, go on, and compare."""
        if point.scenario in ASKED:
            return self._ask(point)
        if point.scenario == "chain":
            return self._chain(random.Random(point.number))
        self.put(point.scenario)
        outcome = self._attempt(TRAININGS[point.scenario], point.fault, point.number)
        if point.fault in ("stop", "tear") and outcome.ended != "killed":
            outcome.faults.append("other operations than in the run before")
        return outcome

    def _chain(self, draw: random.Random) -> Outcome:
        scenario = draw.choice(["fresh", "over"])
        self.put(scenario)
        faults, most = [], len(self.operations["over", False])
        for _ in range(draw.randint(2, 3)):
            words = RESUME if self._begun() else NEW
            fault = draw.choice(["stop", "tear", "full", "broken", "once"])
            outcome = self._attempt(words, fault, draw.randint(1, most), goes_on=False)
            faults += outcome.faults
        if outcome.ended == "complete":
            return outcome._replace(after="", faults=faults)
        return self._go_on(outcome._replace(faults=faults))

    def _ask(self, point: Point) -> Outcome:
        self.put("new")
        end = self.run(ASKED[point.scenario], point.fault, point.number)
        ended, faults = self._ended(end, point.fault)
        if ended == "complete" and checks.answer(end.out) != self.exports["new"].answers[point.scenario]:
            faults.append("another answer")
        return Outcome(ended, "new", "", False, faults + self._differences())

    def _attempt(self, words: list[str], fault: str, number: int, goes_on: bool = True) -> Outcome:
        foreign = (self.place / RUN / FOREIGN[0]).exists()
        kept = (self.place / RUN / "checkpoint.npz").exists() and self._begun()
        end = self.run(words, fault, number)
        ended, faults = ending.how(end, fault)
        if ended != "killed" and fault != "broken":
            faults += ending.left_in_tmp(self.place)
        if ended == "complete":
            faults += self._differences()
        answers, wrong = checks.whose(self.place, list(self.exports.values()))
        faults += wrong + ending.foreign_gone(self.place / RUN, foreign)
        if kept and ended != "complete" and not (self.place / RUN / "checkpoint.npz").exists() and answers != "new":
            faults.append("the checkpoint is lost")
        outcome = Outcome(ended, answers, "", False, faults)
        if ended == "complete" or not goes_on:
            return outcome
        outcome = self._go_on(outcome)
        if "--resume" in end.out + end.err and outcome.after not in ("resumed", ""):
            outcome.faults.append("advises a --resume that does not work")
        return outcome

    def _begun(self) -> bool:
        """Whether ``config.json`` holds the new run's settings."""
        path = self.place / RUN / "config.json"
        return path.exists() and checks.digest(path) == self.exports["new"].files["config.json"]

    def _differences(self, name: str = "new") -> list[str]:
        """Where the run directory differs from that of a run that nothing happened to."""
        held, expected = checks.contents(self.place / RUN), self.exports[name].files
        names = [name for name in held.keys() | expected.keys() if held.get(name) != expected.get(name)]
        return [f"differs from an uninterrupted run: {' '.join(sorted(map(checks.shortened, names)))}"] if names else []

    def _go_on(self, outcome: Outcome) -> Outcome:
        """Resume, or run the same command again. The outcome of a state that was met before is taken over."""
        before = checks.state(self.place / RUN)
        tried = before not in self.gone_on
        if tried:
            self.gone_on[before] = self._go_on_from_here()
        after, faults = self.gone_on[before]
        return outcome._replace(after=after, tried=tried, faults=outcome.faults + faults)

    def _go_on_from_here(self) -> tuple[str, list[str]]:
        shutil.rmtree(self.place / "tmp")
        (self.place / "tmp").mkdir()
        begun, before, faults = self._begun(), checks.contents(self.place / RUN), []
        foreign = (self.place / RUN / FOREIGN[0]).exists()
        end, after = self.run(RESUME), "resumed"
        if end.code or self._differences():
            said = last_line(end.err or end.out)
            # A run that stopped before it wrote its settings leaves the earlier run's: --resume goes on with that one.
            earlier = not end.code and not self._differences("old")
            if begun:
                faults.append(f"the run had begun, but --resume says: {said}")
            elif not earlier and not one_line(end.err or end.out):
                faults.append(f"--resume ends with: {said}")
            if not earlier and checks.contents(self.place / RUN) != before:
                faults.append("--resume makes another run of it")
            end, after = self.run(NEW), "started again"
            if end.code:
                faults.append(f"the same command again says: {last_line(end.err)}")
                return "blocked", faults
        if end.err:
            faults.append(f"complains when all is well: {last_line(end.err)}")
        faults += self._differences() + ending.foreign_gone(self.place / RUN, foreign)
        return after, faults + ending.left_in_tmp(self.place)
