"""The judge: runs a learner's cells in the sandbox and the assignment's checks here, against stand-ins.

Expected values, the text of the tests and the seed never leave this process. What a cell of the instructor's only shows
(a picture, a training) is not run: of the instructor's own cells those statements are run that the learner's code, or a
test, has need of.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import contextlib
import functools
import io
import json
import os
import re
import symtable
import time
import traceback
from dataclasses import dataclass, field

from cnncourse.checks import TOPICS, task
from cnncourse.checks import Mark as Points
from cnncourse.checks.calling import TooSlow, time_limit
from cnncourse.checks.engine import SECONDS, THERE_AND_BACK
from cnncourse.grading.cells import Unreadable, automatic_comments, read_submission
from cnncourse.grading.codec import TooLarge
from cnncourse.grading.elsewhere import CannotGoOn, Died, Session
from cnncourse.grading.job import Job, Mark, Marked, Notebook
from cnncourse.grading.release import SEED_VARIABLE, CourseError
from cnncourse.grading.sandbox import Limits, Sandbox

__all__ = ["mark", "sandbox_for"]

KERNEL_DIED, CELL_STUCK, CELL_TIMEOUT = "KernelDied", "CellStuck", "CellTimeoutError"
CELL_NOT_RUN, NO_MARK, NOT_TOLD = "CellNotRun", "NoMark", "CellEnded"
SENTENCES = {
    KERNEL_DIED: "The Python process died in this cell, as after os._exit or a crash in compiled code.",
    "memory": "The Python process was ended in this cell: it took more memory than a submission may.",
    "garbled": "The Python process was ended in this cell: what it answered could not be read.",
    CELL_STUCK: "This cell ran for too long and could not be interrupted.",
    CELL_TIMEOUT: "This cell ran for too long and was stopped. Is there a loop that never ends?",
    CELL_NOT_RUN: "This cell was not run, so it earns no points.",
    NOT_TOLD: "This cell ended with an error. What it says is not shown: it could give the hidden cases away.",
    NO_MARK: "The check ended without a mark, so this cell earns no points.",
}
NOT_SHOWN = "What this cell printed is not shown: it could give the hidden cases away.\n"
MOST_MEMORY = 3 * 2**30  # that marking one submission may take here
MOST_BYTES = 50 * 2**20  # of the files beside the notebook
FRAMEWORKS = ("keras", "tensorflow", "torch", "jax")
# Names that a solution has no business with. Where it has, a person should look: a mark is for one's own work, and that
# a right answer is not a library's can be watched for in the learner's process, and not proven there.
SUSPICIOUS = re.compile(
    r"\b(_getframe|setprofile|settrace|addaudithook|get_objects|get_referrers|ctypes|os\.system|subprocess|Popen|socket|"
    r"multiprocessing|threading|concurrent\.futures|fork|posix_spawn|os\.kill|os\._exit|importlib|__import__|__subclasses__|"
    r"__globals__|gradebook\.db|hidden.seed|HIDDEN_SEED|sys\.modules|cnncourse\.grading)\b"
)
# What does the exercises, where the assignment does not name it itself.
LIBRARIES = re.compile(
    r"\b(scipy|skimage|sklearn|cv2|torch|jax|tensorflow|keras|cnncourse\.checks import task|cnncourse\.checks\.\w+|"
    r"from cnncourse import (?!plots|datasets)\w+|cnncourse\.(?!checks|plots|datasets|grading)\w+)\b"
)
_HIDDEN = re.compile(r"hidden\s*=\s*True|BEGIN HIDDEN TESTS")
# Of an instructor's cell these calls do something that lasts, and are not left out.
_LASTING = frozenset(
    "seed seterr set_printoptions append extend insert update setdefault use filterwarnings simplefilter "
    "set_random_seed set_floatx set_image_data_format set_backend".split()
)

_SANDBOXES: dict[tuple, Sandbox] = {}


def sandbox_for(private: bool, frameworks: tuple[str, ...]) -> Sandbox:
    """The warm interpreter of this process for these frameworks; started when it is first asked for."""
    key = (os.getpid(), private, frameworks)
    if key not in _SANDBOXES:
        _SANDBOXES[key] = Sandbox(private, frameworks)
        atexit.register(_SANDBOXES[key].close)
    return _SANDBOXES[key]


def mark(job: Job, *, sandbox: bool = True, limits: Limits | None = None) -> Marked:
    """Mark one submission.

    Args:
        job: the submission, and what it is held against.
        sandbox: False runs the learner's code in an ordinary process, from which nothing is protected.
        limits: what the submission may take.

    Returns:
        What came of it. Whatever the submission does, it is described there and not raised.

    Raises:
        CourseError: there is no sandbox, or it ended. The submission is not to blame, and can be marked again.
    """
    start = time.monotonic()
    marked = Marked(job.assignment, job.student)
    kept = os.environ.get(SEED_VARIABLE)
    os.environ[SEED_VARIABLE] = job.seed
    try:
        read = []
        for notebook in job.notebooks:
            content = job.files.get(f"{notebook.name}.ipynb")
            if content is not None:
                read.append((notebook, read_submission(notebook, content)))
        if not read:
            wanted = " and ".join(f"{notebook.name}.ipynb" for notebook in job.notebooks)
            raise Unreadable(f"There is no {wanted}: ask for it, and put it there.")
        with _bounded_memory():
            for notebook, content in read:
                _Judging(notebook, content, _beside(job), sandbox, limits or Limits(), marked).judge()
    except Unreadable as problem:
        marked = Marked(job.assignment, job.student, problem=str(problem))
    finally:
        if kept is None:
            os.environ.pop(SEED_VARIABLE, None)
        else:
            os.environ[SEED_VARIABLE] = kept
    marked.seconds = time.monotonic() - start
    return marked


@contextlib.contextmanager
def _bounded_memory():
    """So much memory and no more for this process: a learner's code may ask ours for an array as large as it likes."""
    try:
        import resource

        with open("/proc/self/status") as file:
            now = next(1024 * int(line.split()[1]) for line in file if line.startswith("VmData:"))
    except (ImportError, OSError, StopIteration):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = now + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (bound if hard < 0 else min(bound, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _beside(job: Job) -> dict[str, bytes]:
    """The files that were handed in beside the notebooks, as far as they fit."""
    found, size = {}, 0
    for name, content in sorted(job.files.items()):
        size += len(content)
        if not name.endswith(".ipynb") and size <= MOST_BYTES:
            found[name] = content
    return found


# -- one notebook ----------------------------------------------------------------------------------------------------


@dataclass
class _Outcome:
    """What became of a check: what nbgrader would find in the cell's output, and the verdict of a check of ours."""

    outputs: list = field(default_factory=list)
    points: float = 0.0
    verdict: Points | None = None
    ended: str = ""


class _Judging:
    """One notebook of a submission on its way to its marks."""

    def __init__(self, notebook: Notebook, content: dict, files: dict, sandbox: bool, limits: Limits, marked: Marked):
        self.notebook, self.content, self.marked = notebook, content, marked
        self.known = {cell.name: cell for cell in notebook.cells}
        codes = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        self.source = "\n".join(cell["source"] for cell in codes)
        everything = self.source + "\n".join(text for _, text in notebook.released)
        frameworks = ("keras",) if _needs_framework(everything) else ()
        self.limits = limits.with_frameworks() if frameworks else limits
        self.sandbox = sandbox_for(sandbox, frameworks)
        self.session = Session(self.sandbox, self.limits, self.source, files)
        self.slow = False
        self.kept_aside = False  # whether hidden cases have been in the process: what it prints is not shown any more

    def judge(self) -> None:
        try:
            self._judge()
        finally:
            self.session.close()
        self.marked.notebooks[self.notebook.name] = _bytes(self.content)

    def _judge(self) -> None:
        cells = [cell for cell in self.content["cells"] if cell["cell_type"] == "code"]
        theirs = [cell["source"] for cell in cells if self._kind(cell) == "learner"]
        shown = [cell["source"] for cell in cells if self._kind(cell) == "shown"]
        needed = _slices(shown, _used(theirs))
        tests = [self.known[self._name(cell)].source for cell in cells if self._kind(cell) == "check"]
        self.instructors = _slices(shown, set().union(*map(_names_in, tests)) if tests else set())
        self.bound_by_instructor = {name for source in shown for name in _bound_in(source)}
        outcomes: dict[str, _Outcome] = {}
        number, position = 0, 0
        for cell in cells:
            number += 1
            kind = self._kind(cell)
            cell["execution_count"] = number
            if kind == "check":
                name = self._name(cell)
                outcomes[name] = self._check(self.known[name].source, number)
                cell["outputs"] = outcomes[name].outputs
            elif kind == "shown":
                source, position = needed[position], position + 1
                if source:
                    self._run(source, number)
            else:
                cell["outputs"] = self._run(cell["source"], number)
        self._marks(outcomes)
        written = "\n".join(theirs)
        known = "\n".join(text for _, text in self.notebook.released)
        found = sorted(
            set(SUSPICIOUS.findall(written)) | (set(LIBRARIES.findall(written)) - set(LIBRARIES.findall(known)))
        )
        if found:
            self.marked.notes.append(f"{self.notebook.name}: the code names {', '.join(found)}; look at it.")

    def _name(self, cell) -> str | None:
        return cell["metadata"].get("nbgrader", {}).get("grade_id")

    def _kind(self, cell) -> str:
        """Whose a code cell is: a "check", the "learner"'s own work, or one that the assignment only "shown"."""
        known = self.known.get(self._name(cell))
        if known is not None and known.grade and not known.solution:
            return "check"
        if known is not None and known.solution:
            return "learner"
        return "shown" if ("code", cell["source"]) in self._released or (known and known.locked) else "learner"

    @property
    def _released(self) -> set:
        if not hasattr(self, "_texts"):
            self._texts = {(kind, text.rstrip("\n")) for kind, text in self.notebook.released}
            self._texts |= {(kind, text) for kind, text in self.notebook.released}
        return self._texts

    # -- the learner's cells

    def _run(self, source: str, number: int) -> list:
        """Run a cell over there; returns its outputs."""
        if not source.strip():
            return []
        if time.monotonic() - self.session.started > self.limits.notebook:
            return [_error(CELL_NOT_RUN)]
        seconds = self.limits.later if self.slow else self.limits.cell
        try:
            state, printed, error = self.session.run(source, f"<cell {number}>", seconds)
        except (CannotGoOn, TooLarge):
            return [_error(CELL_NOT_RUN)]
        except Died:
            return [self._died(f"cell {number}")]
        except TooSlow:
            self.slow = True
            self.marked.notes.append(f"{self.notebook.name}: cell {number} could not be interrupted.")
            return [_error(CELL_STUCK)]
        if self.kept_aside and printed:
            printed = NOT_SHOWN
        outputs = [_stream(printed)] if printed else []
        if state == "late":
            self.slow = True
            return [*outputs, _error(CELL_TIMEOUT)]
        if error is not None:
            outputs.append(_error_of(error) if not self.kept_aside else _syntax_error(source) or _error(NOT_TOLD))
        return outputs

    def _died(self, where: str) -> dict:
        what = SENTENCES.get(self.session.ended, SENTENCES[KERNEL_DIED])
        self.marked.notes.append(f"{self.notebook.name}, {where}: {what}")
        return _error(KERNEL_DIED, what)

    # -- the checks

    def _check(self, source: str, number: int) -> _Outcome:
        """Run a check here."""
        asked = re.findall(r'\bcheck\(\s*"[\w-]+",\s*"(\w+)"', source)
        where = ", ".join(dict.fromkeys(asked)) or f"cell {number}"
        if time.monotonic() - self.session.started > self.limits.notebook:
            return _Outcome([_error(CELL_NOT_RUN)], ended=CELL_NOT_RUN)
        hidden = bool(_HIDDEN.search(source))
        self.kept_aside = self.kept_aside or hidden
        self.session.hidden_seen = self.session.hidden_seen or (hidden and not asked)  # a check of ours says it itself
        self.session.ended = ""
        try:
            names = self._names_for(source)
            printed, value = _executed(source, names, f"<cell {number}>", _seconds_of(source, self.limits.test))
        except CannotGoOn:
            return _Outcome([_error(CELL_NOT_RUN)], ended=CELL_NOT_RUN)
        except Died:
            return _Outcome([self._died(where)], ended=KERNEL_DIED)
        except TooSlow:
            self.session.close()
            self.marked.notes.append(f"{self.notebook.name}: {where} was stopped: it took too long.")
            return _Outcome([_error(CELL_TIMEOUT)], ended=CELL_TIMEOUT)
        except CourseError:
            raise
        except BaseException as error:
            return _Outcome([_error_of(error, hidden)], ended="" if isinstance(error, AssertionError) else NO_MARK)
        if self.session.ended in ("died", "memory", "garbled"):  # in the middle of a check, which went on to its end
            return _Outcome([self._died(where)], ended=KERNEL_DIED)
        return self._settled(printed, value, hidden, where, number)

    def _settled(self, printed, value, hidden, where, number) -> _Outcome:
        most = max((cell.points for cell in self.notebook.cells), default=0)
        outputs = [_stream("" if hidden else printed)] if printed and not hidden else []
        verdict = value if isinstance(value, Points) else None
        if value is None:
            return _Outcome(outputs, float("inf"))
        data = verdict._repr_mimebundle_() if verdict is not None else {"text/plain": repr(value)[:1000]}
        if verdict is not None:
            data["text/plain"] = float.__repr__(verdict)
            name = verdict.verdict.misconception
            if name in ("not from scratch", "takes too long"):
                self.marked.notes.append(f"{self.notebook.name}: {where}: {name}.")
        outputs.append({"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data})
        try:
            points = float(data["text/plain"])
        except ValueError:
            points = float("inf")  # nbgrader's rule: any other value is full marks
        return _Outcome(outputs, points if 0 <= points <= 10 * most + 1 else float("inf"), verdict)

    def _names_for(self, source: str) -> dict:
        """What a test finds when it runs: the names of the instructor's that it needs, and the learner's."""
        names: dict = {"__name__": "__main__", "__builtins__": builtins}
        instructors = "\n".join(part for part in self.instructors if part)
        wanted = _names_in(source) | (_names_in(instructors) if instructors else set())
        theirs = wanted - self.bound_by_instructor - _bound_in(source) - set(dir(builtins)) - {"check"}
        if theirs:
            names.update(self.session.describe(sorted(theirs)))
        if wanted & self.bound_by_instructor:
            for part in self.instructors:
                with contextlib.suppress(Exception):  # as in a notebook: what failed is missed where it is used
                    exec(compile(part, "<assignment>", "exec"), names)
        return names

    # -- the marks

    def _marks(self, outcomes: dict[str, _Outcome]) -> None:
        comments = automatic_comments(self.notebook, self.content)
        marks = []
        for cell in self.notebook.cells:
            if cell.grade and not cell.solution and cell.name in outcomes:
                found = outcomes[cell.name]
                made = Mark(cell.name, min(found.points, cell.points), cell.points, ended=found.ended)
                if found.verdict is not None:
                    bundle = found.verdict._repr_mimebundle_()
                    made.verdict = bundle["application/vnd.cnncourse.verdict+json"]
                    made.html = bundle["text/html"]
                marks.append(made)
            elif cell.grade or cell.task:
                comment = comments.get(cell.name)
                marks.append(Mark(cell.name, 0.0 if comment else None, cell.points, comment=comment))
            elif cell.name in comments:
                marks.append(Mark(cell.name, None, 0.0, comment=comments[cell.name]))
        self.marked.marks[self.notebook.name] = marks


def _seconds_of(source: str, otherwise: float) -> float:
    """Seconds after which a test is ended in any case: the engine's own limit is reached before."""
    found = []
    for assignment, function in re.findall(r'\bcheck\("([\w-]+)", "(\w+)"', source):
        with contextlib.suppress(ValueError):
            asked = task(assignment, function)
            found.append(max(SECONDS, 2 * (asked.seconds or 0) + 60 * len(asked.imports)))
    return THERE_AND_BACK * max(found) + 15 if found else otherwise


def _needs_framework(text: str) -> bool:
    if re.search(rf"\b(?:import|from)\s+(?:{'|'.join(FRAMEWORKS)})\b", text):
        return True
    for assignment, function in re.findall(r'\bcheck\("([\w-]+)", "(\w+)"', text):
        if assignment in TOPICS:
            with contextlib.suppress(ValueError):
                if task(assignment, function).imports:
                    return True
    return False


class _Said(io.StringIO):
    def write(self, text):
        return super().write(text) if self.tell() < 100_000 else len(text)


def _executed(source: str, names: dict, filename: str, seconds: float) -> tuple[str, object]:
    """Run a test here; returns what it printed, and the value of its last line."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    # A check whose mark nobody takes is not run: the one at the end is the same, with the hidden cases.
    body = [node for node in body if not _is_check(node)]
    printed = _Said()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), time_limit(seconds):
        exec(compile(ast.Module(body, []), filename, "exec"), names)
        value = eval(compile(ast.Expression(last.value), filename, "eval"), names) if last is not None else None
    return printed.getvalue(), value


def _is_check(node) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check"


# -- what is needed of the instructor's cells --------------------------------------------------------------------------


@functools.lru_cache(maxsize=500)
def _parsed(source: str) -> list[ast.stmt]:
    """The statements of a cell; lines that speak to Jupyter are left out, and so is a cell that is no Python."""
    lines = [line if not re.match(r"\s*[%!?]", line) else "" for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _names_in(source: str) -> set[str]:
    """Names that a source uses, and those that it says as text, as ``check("01-convolution", "conv2d")`` does."""
    found = set()
    for statement in _parsed(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found.add(node.value)
    return found


def _used(sources: list[str]) -> set[str]:
    """The names that these sources look up outside their functions, or all their words where they are no Python."""
    found: set[str] = set()
    for source in sources:
        try:
            tables = [symtable.symtable(source, "cell", "exec")]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found |= set(re.findall(r"[^\W\d]\w*", source))
            continue
        while tables:
            table = tables.pop()
            tables += table.get_children()
            module = table.get_type() == "module"
            found |= {symbol.get_name() for symbol in table.get_symbols() if module or symbol.is_global()}
    return found


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value, or changes in place."""
    found = set()
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found |= _root(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LASTING:
            found |= _root(node.func)
    return found


@functools.lru_cache(maxsize=500)
def _statements(source: str) -> tuple[tuple[str, frozenset, frozenset], ...]:
    """Of each statement of a cell its text, the names that it binds, and those that it mentions."""
    return tuple(
        (ast.unparse(s), frozenset(_bound(s)), frozenset(n.id for n in ast.walk(s) if isinstance(n, ast.Name)))
        for s in _parsed(source)
    )


def _bound_in(source: str) -> set[str]:
    return {name for _, bound, _ in _statements(source) for name in bound}


def _root(node) -> set[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _slices(sources: list[str], needed: set[str]) -> list[str]:
    """Of each source the statements without which these names would not be what they are."""
    statements = [(k, *statement) for k, source in enumerate(sources) for statement in _statements(source)]
    needed, taken, before = set(needed), set(), -1
    while len(taken) > before:
        before = len(taken)
        for number, (_, _, bound, mentioned) in enumerate(statements):
            if number not in taken and bound & needed:
                taken.add(number)
                needed |= mentioned
    made: list[list[str]] = [[] for _ in sources]
    for number in sorted(taken):
        made[statements[number][0]].append(statements[number][1])
    return ["\n".join(part) for part in made]


# -- outputs -----------------------------------------------------------------------------------------------------------


def _stream(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _error(name: str, sentence: str = "") -> dict:
    sentence = sentence or SENTENCES[name]
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}


def _syntax_error(source: str) -> dict | None:
    """The error of a cell that is no Python, found here."""
    try:
        compile("\n".join(re.sub(r"^\s*[%!?].*", "", line) for line in source.splitlines()), "<cell>", "exec")
    except SyntaxError as error:
        return _error_of(error)
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _error_of(error: BaseException, hidden: bool = False) -> dict:
    """An error as an output: nbgrader scores the cell 0. With hidden tests it says nothing but its kind."""
    name = type(error).__name__
    if hidden:
        known = getattr(builtins, name, None) is type(error)
        what = name if known else "an exception of its own"
        return _error(NO_MARK, f"The check was ended by {what} from your function, so this cell earns no points.")
    try:
        text = str(error)[:2000]
    except Exception:
        text = ""
    lines = traceback.format_exception_only(type(error), error)[-1:] if isinstance(error, SyntaxError) else []
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": lines or [f"{name}: {text}"]}


def _bytes(notebook: dict) -> bytes:
    return (json.dumps(notebook, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
