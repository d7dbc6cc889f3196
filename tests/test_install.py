"""What ``pip install .`` installs: the same requirements, and all files of the package."""

import re
import tomllib

from conftest import REPOSITORY

PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def required(name: str) -> list[str]:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return [line.split("#")[0].strip() for line in text.splitlines() if line.split("#")[0].strip()]


def test_pip_requires_what_the_requirements_files_say():
    project = PYPROJECT["project"]
    extras = [requirement for extra in project["optional-dependencies"].values() for requirement in extra]
    files = required("requirements.txt") + required("requirements-optional.txt")
    assert sorted(project["dependencies"] + extras) == sorted(files)
    tests = re.split("# Tests only", (REPOSITORY / "requirements.txt").read_text(encoding="utf-8"))
    assert not any(requirement in tests[1] for requirement in project["dependencies"])


def test_every_room_and_every_file_of_the_package_is_installed():
    tool = PYPROJECT["tool"]["setuptools"]
    folders = {name: REPOSITORY / tool["package-dir"].get(name, name.replace(".", "/")) for name in tool["packages"]}
    kinds = ["*.py", *tool["package-data"]["*"]]
    installed = {path for folder in folders.values() for kind in kinds for path in folder.glob(kind)}
    for folder in ("embedding_tutorial", "datasets"):
        files = {path for path in (REPOSITORY / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"}
        assert files and files <= installed
