"""Imports run one way: a room knows the rooms before it, and the modules beside the rooms know no room."""

import ast
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest
from conftest import REPOSITORY

PACKAGE = "embedding_tutorial"
ROOMS = {"text", "vectors", "model", "pictures", "scale"}
MAY_IMPORT = {  # besides the place itself and the modules beside the rooms
    "beside the rooms": set(),
    "text": set(),
    "vectors": {"text"},
    "model": {"text", "vectors"},
    "pictures": {"text", "vectors"},
    "scale": {"text", "vectors", "model"},
    "learning": ROOMS,
    "__main__": ROOMS,
    "lessons": ROOMS | {"learning"},
}
PATHS = {
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (REPOSITORY / PACKAGE).rglob("*.py")
}


def place(module: str) -> str:
    """The room of a module. ``learning`` and ``__main__`` are places of their own; the rest beside the rooms is one."""
    name, *within = module.removeprefix(f"{PACKAGE}.").split(".")
    return name if within or name in MAY_IMPORT else "beside the rooms"


def imported(source: str, path: Path) -> set[str]:
    """The modules of the package that a source imports: at its top, in a function, or under ``TYPE_CHECKING``."""
    package = ".".join(path.relative_to(REPOSITORY).parent.parts)
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            found |= {name if (name := f"{origin}.{alias.name}") in PATHS else origin for alias in node.names}
    return {name for name in found if name.split(".")[0] == PACKAGE}


def forbidden(module: str, source: str) -> list[str]:
    """The modules that a source imports and may not. The package itself is one: it imports any room when asked."""
    allowed = {place(module), "beside the rooms", *MAY_IMPORT[place(module)]}
    return sorted(name for name in imported(source, PATHS[module]) if name == PACKAGE or place(name) not in allowed)


def test_a_module_imports_only_what_comes_before_it():
    found = {module: forbidden(module, path.read_text(encoding="utf-8")) for module, path in PATHS.items()}
    assert {module: names for module, names in found.items() if names} == {}


def test_no_modules_import_each_other():
    graph = {name: imported(path.read_text(encoding="utf-8"), path) for name, path in PATHS.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("text.files", "def read():\n    from embedding_tutorial.vectors import WordVectors", "vectors"),
        ("vectors.report", "if TYPE_CHECKING:\n    import embedding_tutorial.model.training", "model.training"),
        ("pictures.projector", "from embedding_tutorial import model", "model"),
        ("pictures.projector", "from ..model import training", "model.training"),
        ("config", "from embedding_tutorial.text.tokenizers import tokenize", "text.tokenizers"),
        ("text.files", "from embedding_tutorial.learning import learn", "learning"),
        ("learning", "import embedding_tutorial.lessons.book as book", "lessons.book"),
    ],
)
def test_a_wrong_import_is_found(module, source, wrong):
    assert forbidden(f"{PACKAGE}.{module}", source) == [f"{PACKAGE}.{wrong}"]
