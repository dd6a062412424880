"""The house itself: one name in every folder, imports that only go down, documents that keep their promises."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cnncourse import checks

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "cnncourse").rglob("*.py"))

# The floors, from the top; a module imports from its own floor or a lower one.
FLOORS = [
    ["cli", "__main__"],
    ["grading", "book"],
    ["checks"],
    ["experiments", "plots"],
    ["pipelines"],
    ["lenet", "backprop"],
    ["training"],
    ["networks"],
    ["layers"],
    ["activations", "losses", "optimizers", "initializers", "dropout"],
    ["padding_stride", "text", "winograd"],
    ["pooling", "alexnet"],
    ["convolution"],
    ["columns"],
    ["arrays"],
    ["shapes", "datasets"],
]


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "cnncourse" and len(parts) > 1 else None


def floor(name: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if name in rooms)


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_only_go_down(path):
    here = path.parts[1].removesuffix(".py")
    if here == "__init__":
        assert not [name for name in imported(path) if name.startswith("cnncourse")]
        return
    for name in imported(path):
        there = room(name)
        if there and there in {r for rooms in FLOORS for r in rooms}:
            assert floor(there) >= floor(here), f"{path} imports {name}, which lies above it"


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "__main__.py"], ids=str)
def test_the_examples_in_docstrings_run(path):
    module = importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    assert doctest.testmod(module).failed == 0


def test_one_topic_has_one_name_in_every_folder():
    for assignment, topic in checks.TOPICS.items():
        for path in (
            f"book/{topic}.md",
            f"solutions/{assignment}/{topic}.md",
            f"exercises/{assignment}/{topic}.ipynb",
            f"cnncourse/{topic}.py",
            f"cnncourse/checks/{topic}.py",
            f"tests/test_{topic}.py",
        ):
            assert (ROOT / path).is_file(), path


def test_every_graded_function_is_in_the_library_and_in_its_chapter():
    for assignment, topic in checks.TOPICS.items():
        library = importlib.import_module(f"cnncourse.{topic}")
        chapter = (ROOT / "book" / f"{topic}.md").read_text(encoding="utf-8")
        for name in checks.functions(assignment):
            assert name in library.__all__
            assert f"({checks.task(assignment, name).read})=" in chapter


def test_the_lock_holds_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    names = {re.split(r"[\[<>=~ ]", entry)[0].lower() for entry in wanted} - {"cnncourse"}
    assert names <= {name.lower() for name in locked}


def test_nothing_that_is_made_is_committed():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = listed.stdout.splitlines()
    assert not [f for f in files if f.startswith(("_build/", ".venv/")) or f.endswith(("gradebook.db", ".npz", ".pyc"))]
    assert not [f for f in files if f.startswith("solutions/") and f.endswith(".ipynb")]


def test_the_readme_names_commands_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)`", readme)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    verbs = set(re.findall(r"cnncourse (check|build|data|experiment|release|collect|grade|export|report)\b", readme))
    assert verbs == set("check build data experiment release collect grade export report".split())
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", readme):
        assert (ROOT / link).exists(), link


def test_the_readmes_python_runs_and_learns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    names = {}
    exec(code, names)
    assert names["history"]["val_accuracy"][-1] > 0.9
    again = type(names["network"])(input_shape=(8, 8, 1), kernel_size=3, seed=1)
    again.load("digits.npz")
    assert all((again.params[name] == array).all() for name, array in names["network"].params.items())


def test_the_package_says_its_version_once():
    done = subprocess.run([sys.executable, "-m", "cnncourse", "--version"], capture_output=True, text=True, check=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert done.stdout.strip() == f"cnncourse {version}"
