"""The rooms and what they may import, and what must not be loaded before it is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gikocr"
FRAMEWORKS = ("torch", "paddle", "paddleocr", "paddlex", "onnxruntime", "rapidocr", "layoutparser")

#: What `gikocr --help` may not load. (pydantic is not among them: typer itself parses options with it.)
HEAVY = (*FRAMEWORKS, "cv2", "numpy", "scipy", "pandas", "PIL", "pypdfium2", "pebble", "gikocr.report")

#: Rooms whose import loads no framework, with and without the extras installed.
CORE = (
    "gikocr",
    "gikocr.errors",
    "gikocr.geometry",
    "gikocr.settings",
    "gikocr.elements",
    "gikocr.markup",
    "gikocr.forms",
    "gikocr.report",
    "gikocr.ingest",
    "gikocr.preprocess",
    "gikocr.table",
    "gikocr.ocr",
    "gikocr.kie",
    "gikocr.reconcile",
    "gikocr.workspace",
    "gikocr.export.overlay",
    "gikocr.evaluation",
    "gikocr.review",
    "gikocr.web",
    "gikocr.cli.main",
)


def run_fresh(code: str) -> str:
    """The output of code in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(code: str, packages: tuple[str, ...]) -> list[str]:
    """Which of the packages are loaded after the code has run in a fresh interpreter."""
    shown = f"import sys\n{code}\nprint(*[p for p in {packages!r} if p in sys.modules], sep='\\n', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.split()


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run([*command, "--no-cache"], capture_output=True, text=True, cwd=folder, check=False)


def test_the_import_rules_are_kept() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A package of gikocr's rooms with nothing in them, under gikocr's own import rules."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for room in ("cli", "web", "jobs", "review", "pipeline", "engines", "layout", "table", "kie", "report", "forms"):
        folder = tmp_path / "gikocr" / room
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    for module in ("__init__", "elements", "markup", "geometry", "settings", "errors"):
        (tmp_path / "gikocr" / f"{module}.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("module", "code", "breaks"),
    [
        ("pipeline/x.py", "import gikocr.engines.x", False),
        ("engines/x.py", "def f():\n    import torch, onnxruntime, layoutparser", False),
        ("layout/x.py", "import layoutparser", False),
        ("table/x.py", "def f():\n    import torch", True),
        ("table/x.py", "import onnxruntime", True),
        ("kie/x.py", "import layoutparser", True),
        ("table/x.py", "from gikocr import layout", True),
        ("table/x.py", "from gikocr.engines import x", True),
        ("report/x.py", "import gikocr.cli", True),
        ("geometry.py", "import gikocr.settings", True),
        ("utils/__init__.py", "", True),
    ],
)
def test_the_import_rules_notice(toy: Path, module: str, code: str, breaks: bool) -> None:
    (toy / "gikocr" / "engines" / "x.py").touch()
    path = toy / "gikocr" / module
    path.parent.mkdir(exist_ok=True)
    path.write_text(code)
    done = lint_imports(toy)
    assert (done.returncode != 0) == breaks, done.stdout + done.stderr


@pytest.mark.parametrize("name", CORE)
def test_the_core_loads_no_framework(name: str) -> None:
    assert loaded(f"import {name}", FRAMEWORKS) == []


@pytest.mark.parametrize("name", CORE)
def test_the_core_imports_where_no_framework_is_installed(name: str) -> None:
    block = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {FRAMEWORKS!r}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    run_fresh(f"{block}import {name}")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "extract",
        "evaluate",
        "reviewed",
        "schema",
        "doctor",
        "version",
        "submit",
        "worker",
        "jobs",
        "serve",
        "db upgrade",
        "token create",
    ],
)
def test_help_loads_nothing_heavy(command: str) -> None:
    code = f"from gikocr.cli.main import main\nassert main([*{command.split()!r}, '--help']) == 0"
    assert loaded(code, HEAVY) == []


def test_nothing_heavy_is_loaded_for_a_usage_error() -> None:
    code = "import io, contextlib\nfrom gikocr.cli.main import main\n"
    code += "with contextlib.redirect_stderr(io.StringIO()): assert main(['extract', '--no-such-option']) == 2"
    assert loaded(code, HEAVY) == []


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imported_names(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_only_engines_use_the_model_classes_of_layoutparser() -> None:
    """import-linter knows outside packages by their first name only."""
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path, tree in modules()
        if any(f"{name}.".startswith("layoutparser.models.") for name in imported_names(tree))
    }
    assert users <= {"engines"}


def test_only_settings_read_the_environment() -> None:
    readers = set()
    for path, tree in modules():
        for node in ast.walk(tree):
            reads = (
                isinstance(node, ast.Attribute)
                and node.attr in ("environ", "getenv")
                and isinstance(node.ctx, ast.Load)
            )
            if reads and not _only_writes(tree, node):
                readers.add(path.relative_to(PACKAGE).as_posix())
    assert readers <= {"settings.py"}


def _only_writes(tree: ast.Module, node: ast.AST) -> bool:
    """Whether ``os.environ`` stands there only to be set, by ``setdefault`` or by an assignment."""
    for parent in ast.walk(tree):
        if isinstance(parent, ast.Attribute) and parent.value is node:
            return parent.attr == "setdefault"
        if isinstance(parent, ast.Subscript) and parent.value is node:
            return isinstance(parent.ctx, ast.Store)
    return False


def test_there_are_no_rooms_for_everything() -> None:
    forbidden = {"utils", "util", "common", "helpers", "helper", "core", "manager", "misc"}
    assert {p.stem for p in PACKAGE.rglob("*") if p.is_dir() or p.suffix == ".py"}.isdisjoint(forbidden)


def test_opencv_is_the_pinned_one() -> None:
    from importlib import metadata

    import cv2

    from gikocr.cli.examination import CV2_VERSION, OPENCV_PACKAGES, OPENCV_RELEASE

    assert cv2.__version__ == CV2_VERSION == "4.10.0"
    installed = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    assert {v for name, v in installed.items() if name in OPENCV_PACKAGES} == {OPENCV_RELEASE}
    pins = re.findall(r'"(opencv[\w-]*)([^"]*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {name for name, _ in pins} <= set(OPENCV_PACKAGES)
    assert len(pins) == 4
    assert {version for _, version in pins} == {f"=={OPENCV_RELEASE}"}


def test_files_and_functions_are_short() -> None:
    """At most 400 lines a file and 60 lines of code a function (docstrings and signatures not counted)."""
    long_files = [p.name for p, _ in modules() if len(p.read_text(encoding="utf-8").splitlines()) > 400]
    long_functions = [
        f"{path.name}:{node.name}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _body_lines(node) > 60
    ]
    assert long_files == []
    assert long_functions == []


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
