"""Count what README.md says of the corpus and its groups, and list the broken rules.

    python datasets/check.py                print the tables of README.md, then the broken rules
    python datasets/check.py --drop-rare    first remove the members of groups that occur too rarely from categories.tsv

Words are counted as ``rjieba`` cuts them.
"""

import sys
from collections import Counter, defaultdict
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.text.tokenizers import tokenize
from embedding_tutorial.vectors.groups import CATEGORIES, TOKENS, Category, read_categories

CORPUS = TrainingConfig().corpus
ENOUGH = 40  # occurrences that a member of a group needs: the vectors of rarer tokens are poor
MORE_THAN_ENOUGH = dict.fromkeys(("公主", "王妃", "皇帝", "皇后", "王子"), 120)
MORE_THAN_ENOUGH |= dict.fromkeys(("宫里", "女儿", "妃子", "漂亮"), 80)

THEMES = {  # theme: its sentences, in the order of the file
    "court life: meals, dress, audience, illness, letters": 697,
    "family across classes": 462,
    "courtship, weddings, births, journeys": 305,
    "men, women, boys and girls at work and play": 308,
    "seasons, weather": 308,
    "day, night, time": 208,
    "animals": 270,
    "plants, food": 395,
    "colours, clothes": 212,
    "market, money, numbers": 208,
    "school, crafts": 165,
    "directions, travel, river, mountain": 212,
    "body, feelings": 214,
    "farmyard and riverside, with what the others lacked": 121,
}


def read_lines() -> list[str]:
    """The sentences of the shipped corpus, one a line."""
    return CORPUS.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def count_tokens(lines: list[str]) -> dict[str, Counter]:
    """``{"characters": Counter, "words": Counter}`` over all lines."""
    return {tokens: Counter(token for line in lines for token in tokenize(line, tokens)) for tokens in TOKENS}


def outside(lines: list[str], character: str, word: str) -> int:
    """How often a character occurs elsewhere than in a word."""
    return sum(line.count(character) - line.count(word) for line in lines)


def rare_members(counts: dict[str, Counter]) -> list[Category]:
    """Members of groups that occur fewer than ``ENOUGH`` times."""
    return [c for c in read_categories() if counts[c.tokens][c.token] < ENOUGH]


def shared_sentences(lines: list[str]) -> dict[tuple[str, str], float]:
    """(tokens, token) -> the share of a member's occurrences in sentences that hold another member of its group."""
    total, shared = Counter(), Counter()
    for tokens in TOKENS:
        group_of = {c.token: c.group for c in read_categories() if c.tokens == tokens}
        for line in lines:
            members = Counter(token for token in tokenize(line, tokens) if token in group_of)
            for token, count in members.items():
                total[tokens, token] += count
                if any(group_of[other] == group_of[token] for other in members if other != token):
                    shared[tokens, token] += count
    return {key: shared[key] / total[key] for key in total}


def broken_rules(lines: list[str]) -> list[str]:
    """The rules of README.md that do not hold, a line each."""
    broken = [f"stands {count} times: {line}" for line, count in Counter(lines).items() if count > 1]
    holding = defaultdict(set)
    for number, line in enumerate(lines):
        for at in range(len(line) - 7):
            holding[line[at : at + 8]].add(number)
    broken += [f"{run} stands in {len(found)} sentences" for run, found in holding.items() if len(found) > 3]
    openings = Counter(line[:4] for line in lines)
    broken += [f"{n} sentences open with {o}" for o, n in openings.items() if n > 0.01 * len(lines)]
    broken += [
        f"{tokens} {token}: {share:.0%} of its sentences hold another of its group"
        for (tokens, token), share in shared_sentences(lines).items()
        if share > 0.1
    ]
    counts = count_tokens(lines)
    broken += [
        f"{word} stands {counts['words'][word]} times, fewer than {least}"
        for word, least in MORE_THAN_ENOUGH.items()
        if counts["words"][word] < least
    ]
    broken += [f"{c.tokens} {c.token} stands fewer than {ENOUGH} times" for c in rare_members(counts)]
    if len(lines) != sum(THEMES.values()):
        broken.append(f"{len(lines)} sentences, but the themes have {sum(THEMES.values())}")
    for character, word in (("公", "公主"), ("主", "公主"), ("王", "王妃"), ("妃", "王妃")):
        if outside(lines, character, word) < 30:
            broken.append(f"{character} stands fewer than 30 times outside {word}")
    return broken


def tables(lines: list[str]) -> str:
    """The two tables of ``README.md``, in Markdown."""
    counts = count_tokens(lines)
    text = "".join(lines)
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in text)
    middling = sum(12 <= len(line) <= 22 for line in lines) / len(lines)
    rows = [
        ("sentences", f"{len(lines):,}"),
        ("characters, punctuation counted", f"{len(text):,}"),
        ("Chinese characters", f"{chinese:,}"),
        ("different characters", f"{len(counts['characters']):,}"),
        ("words, punctuation counted", f"{counts['words'].total():,}"),
        ("different words", f"{len(counts['words']):,}"),
        ("sentences of 12 to 22 characters", f"{middling:.0%}"),
        *((f"{word}, as a word", str(counts["words"][word])) for word in MORE_THAN_ENOUGH),
        *(
            (f"{character} outside {word}", str(outside(lines, character, word)))
            for character, word in (("公", "公主"), ("主", "公主"), ("王", "王妃"), ("妃", "王妃"))
        ),
    ]
    counted = "".join(f"| {name} | {value} |\n" for name, value in rows)
    ends = accumulate(THEMES.values())
    themes = "".join(
        f"| {end - size + 1}–{end} | {theme} | {size} |\n"
        for (theme, size), end in zip(THEMES.items(), ends, strict=True)
    )
    return f"| what | count |\n|---|---|\n{counted}\n| lines | theme | sentences |\n|---|---|---|\n{themes}"


def drop_rare(lines: list[str]) -> None:
    """Remove the members that occur too rarely from ``categories.tsv``, and then the groups with one member left."""
    counts = count_tokens(lines)
    dropped = rare_members(counts)
    kept = [c for c in read_categories() if c not in dropped]
    sizes = Counter((c.group, c.tokens) for c in kept)
    with open(CATEGORIES, "w", encoding="utf-8", newline="\n") as file:
        file.write("group\ttoken\ttokens\tsplit\n")
        for c in kept:
            if sizes[c.group, c.tokens] > 1:
                file.write(f"{c.group}\t{c.token}\t{c.tokens}\t{c.split}\n")


if __name__ == "__main__":
    corpus = read_lines()
    if sys.argv[1:] == ["--drop-rare"]:
        drop_rare(corpus)
    print(tables(corpus))
    sys.exit("\n".join(broken_rules(corpus)) or 0)
