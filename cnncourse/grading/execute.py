"""What nbgrader does with a submission before and while it runs, made safe for the submissions people really send.

``nbgrader_config.py`` puts the two classes of this module into ``nbgrader autograde``, so that the stock command gives
the marks a class deserves:

* :class:`RestoreCells` puts deleted, duplicated and edited cells of the assignment back in order, before anything runs;
* :class:`ExecuteAndReplay` runs the notebook to its end whatever one cell does to the kernel, and leaves nothing in a
  check cell that nbgrader would misread.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import os
import re
import subprocess
from time import monotonic

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Dict, Enum, Integer

from cnncourse.checks import task
from cnncourse.checks.engine import SECONDS
from cnncourse.grading import cells
from cnncourse.grading.gradebook import Gradebook

KERNEL_DIED = "KernelDied"
CELL_STUCK = "CellStuck"
CELL_TIMEOUT = "CellTimeoutError"
CELL_NOT_RUN = "CellNotRun"
NO_MARK = "NoMark"

_HIDDEN = re.compile(r"hidden\s*=\s*True|BEGIN HIDDEN TESTS")
_LONGEST_STREAM = 100_000  # characters kept of what one cell prints


def _error(name: str, sentence: str):
    """An error output: nbgrader scores the cell 0 and the feedback shows the sentence."""
    return new_output("error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"])


class RestoreCells(NbGraderPreprocessor):
    """Put the assignment's own cells back: their metadata, one of each, none missing.

    Stock nbgrader throws a submission away when a solution cell and its check are both deleted, or when a cell's
    metadata was changed, and a metadata version it does not know ends the whole batch. Here, for every cell whose
    ``grade_id`` the gradebook knows, :func:`cnncourse.grading.cells.restore` does what is to be done. nbgrader's
    ``OverwriteCells`` restores the text of locked cells afterwards.
    """

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            notebook = gradebook.notebook(names["assignment"], names["notebook"])
        for name in cells.restore(nb.cells, notebook):
            self.log.warning("Cell '%s' was missing from the submission; it was put back", name)
        nb.cells = [_as_node(nb, cell) for cell in nb.cells]
        return nb, resources


def _as_node(nb, cell):
    """A cell that was put back, as nbformat has them: with an id where the notebook's format has ids."""
    if isinstance(cell, NotebookNode):
        return cell
    new_cell = new_code_cell if cell["cell_type"] == "code" else new_markdown_cell
    made = new_cell(cell["source"], metadata=cell["metadata"])
    if (nb.nbformat, nb.nbformat_minor) < (4, 5):
        del made["id"]
    return made


class _KernelLost(Exception):
    """The kernel died or cannot be stopped; ``index`` is the cell to blame."""

    def __init__(self, index: int, name: str, sentence: str):
        super().__init__(sentence)
        self.index, self.output = index, _error(name, sentence)


class ExecuteAndReplay(Execute):
    """nbgrader's ``Execute``, for which one bad cell is one bad cell.

    When the kernel dies in a cell (``os._exit``, a crash in compiled code) or cannot be interrupted after a time-out,
    stock nbgrader drops the submission. Here that cell gets an error output with a sentence, and the notebook is run
    again in a fresh kernel without it; at most :attr:`max_restarts` times and :attr:`notebook_timeout` seconds.

    nbgrader gives full marks to a check cell with no output, and none to one with any text on stderr. So after the run

    * a check cell that was not executed gets an error output;
    * text on stderr in a check cell counts as ordinary text (a warning is no mistake), and of several results
      the last one, the cell's own, is kept;
    * what the learner's code printed or displayed, and the text of its exceptions, is taken out of check cells with
      hidden tests: it could carry the hidden inputs. The hidden seed is blanked wherever it was printed.
    """

    # A check cell judges a function twice, with and without hidden cases, and stops it after SECONDS each time, or
    # after what its task allows.
    timeout = Integer(2 * SECONDS + 5, help="Seconds a check cell may run.").tag(config=True)
    long_timeout = Integer(60, help="The same for a cell without points: some train a network.").tag(config=True)
    short_timeout = Integer(12, help="The same for a cell without points, once a check was slow.").tag(config=True)
    # On a busy machine the output of a cell that prints much arrives long after its end.
    iopub_timeout = Integer(30, help="Seconds to wait for a cell's output after it ended.").tag(config=True)
    interrupt_timeout = Integer(4, help="Seconds in which a cell must heed an interruption.").tag(config=True)
    shutdown_kernel = Enum(["graceful", "immediate"], default_value="immediate").tag(config=True)
    max_restarts = Integer(10, help="How many fresh kernels one notebook may cost.").tag(config=True)
    notebook_timeout = Integer(300, help="Seconds after which no further cell is started.").tag(config=True)
    error_on_timeout = Dict().tag(config=True)

    def preprocess(self, nb, resources=None, km=None):
        stopped = "This cell ran for too long and was stopped. Is there a loop that never ends?"
        error = _error(CELL_TIMEOUT, stopped)
        self.error_on_timeout = {key: error[key] for key in ("ename", "evalue", "traceback")}
        self._lost: dict[int, object] = {}  # cell → the error output of a cell that cost its kernel
        self._slow: dict[int, tuple] = {}  # check cell that took long → its outputs and reply: not waited for twice
        self._fine: set[int] = set()  # cells that ended by themselves
        self._deadline = monotonic() + self.notebook_timeout
        self._patience = self.iopub_timeout
        for cell in nb.cells:
            # A cell tagged to be skipped would leave an empty output behind, which is full marks.
            if "tags" in cell.metadata:
                cell.metadata.tags = [tag for tag in cell.metadata.tags if tag and tag != self.skip_cells_with_tag]
        for _ in range(self.max_restarts + 1):
            self._replies: dict[int, dict] = {}
            self._printed: dict[int, int] = {}
            self._last: int | None = None
            for cell in nb.cells:
                if cell.cell_type == "code":
                    cell.outputs = []
            try:
                nb, resources = super().preprocess(nb, resources, km)
                break
            except _KernelLost as lost:
                self.log.warning("%s Running the rest again without it.", lost)
                self._lost[lost.index] = lost.output
            except RuntimeError as error:
                # Two kernels that start at the same moment can be given the same port; the second one ends at once.
                if "Kernel died before replying" not in str(error):
                    raise
                self.log.warning("The kernel did not start. Trying again.")
        for index, cell in enumerate(nb.cells):
            if cell.cell_type == "code":
                self._settle(cell, index)
        return nb, resources

    def _get_timeout(self, cell):
        # Further calls of a function whose check ran long, or cost the kernel, are not worth waiting for.
        if cell is not None and not is_grade(cell) and self._last not in self._fine and (self._slow or self._lost):
            return self.short_timeout
        if cell is not None and not is_grade(cell):
            return self.long_timeout
        return max(super()._get_timeout(cell), _allowed(cell.source) if cell is not None else 0)

    async def _async_handle_timeout(self, timeout, cell=None):
        self._interrupted = True
        self.iopub_timeout = self.interrupt_timeout
        return await super()._async_handle_timeout(timeout, cell)

    async def async_start_new_kernel(self, **kwargs):
        # What learners write to the file descriptors is not for the instructor's terminal.
        await super().async_start_new_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)

    start_new_kernel = run_sync(async_start_new_kernel)

    def on_notebook_start(self, **kwargs):
        # `quit()` would end the kernel a moment later, in the middle of an innocent cell.
        self.kc.execute("get_ipython().ask_exit = lambda: None", silent=True)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type != "code" or index in self._lost:
            return cell, resources
        if index in self._slow:
            cell.outputs, self._replies[index] = self._slow[index]
            return cell, resources
        if monotonic() > self._deadline:
            return cell, resources
        try:
            run_sync(self._async_check_alive)()
        except DeadKernelError:
            self._lose(index if self._last is None else self._last, KERNEL_DIED)
        self._last = index
        start = monotonic()
        self._interrupted = False
        try:
            super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._lose(index, KERNEL_DIED)
        except CellTimeoutError:
            self._lose(index, CELL_STUCK)
        finally:
            self.iopub_timeout = self._patience
        if not self._interrupted:
            self._fine.add(index)
        if is_grade(cell) and monotonic() - start > self.short_timeout / 2 and index in self._replies:
            self._slow[index] = (cell.outputs, self._replies[index])
        return cell, resources

    def _lose(self, index: int, name: str):
        raise _KernelLost(
            index,
            name,
            {
                KERNEL_DIED: "The Python process died in this cell, as after os._exit or a crash in compiled code.",
                CELL_STUCK: "This cell ran for too long and could not be interrupted.",
            }[name],
        ) from None

    def on_cell_executed(self, cell, cell_index, execute_reply, **kwargs):
        super().on_cell_executed(cell=cell, cell_index=cell_index, execute_reply=execute_reply, **kwargs)
        self._replies[cell_index] = execute_reply["content"]

    def output(self, outs, msg, display_id, cell_index):
        """Keep what a cell prints within bounds: a loop that prints for ever fills the memory of the grader."""
        if msg["msg_type"] == "stream":
            before = self._printed.get(cell_index, 0)
            self._printed[cell_index] = before + len(msg["content"]["text"])
            if before > _LONGEST_STREAM:
                return None
        return super().output(outs, msg, display_id, cell_index)

    def _settle(self, cell, index: int) -> None:
        """Leave in the cell what nbgrader may read as a mark and what a learner may see."""
        if index in self._lost:
            cell.outputs = [self._lost[index]]
        elif is_grade(cell) and any(output.get("ename") == CELL_TIMEOUT for output in cell.outputs):
            cell.outputs = [output for output in cell.outputs if output.get("ename") == CELL_TIMEOUT]
        elif is_grade(cell):
            self._settle_check(cell, index)
        self._blank_seed(cell)

    def _settle_check(self, cell, index: int) -> None:
        reply = self._replies.get(index)
        if reply is None:
            cell.outputs = [_error(CELL_NOT_RUN, "This cell was not run, so it earns no points.")]
            return
        hidden = bool(_HIDDEN.search(cell.source))
        words, results, errors = [], [], []
        for output in cell.outputs:
            if output.output_type == "error":
                errors.append(output)
            elif output.output_type == "execute_result":
                results.append(output)
            else:
                words.append(output)
        if hidden and words:
            note = "What your function printed here is not shown: it could give the hidden cases away.\n"
            words = [new_output("stream", name="stdout", text=note)]
        for output in words:
            if output.output_type == "stream":
                output.name = "stdout"
        if reply["status"] != "ok":
            if hidden:
                errors = [_error(*_without_values(reply))]
            cell.outputs = words + errors
        elif not results and _ends_in_check(cell.source):
            cell.outputs = words + [_error(NO_MARK, "The check ended without a mark, so this cell earns no points.")]
        else:
            cell.outputs = words + results[-1:]

    def _blank_seed(self, cell) -> None:
        seed = os.environ.get("CNNCOURSE_HIDDEN_SEED", "")
        if len(seed) < 6:
            return
        for output in cell.outputs:
            for part in (output, output.get("data", {})):
                for key, value in part.items():
                    if isinstance(value, str) and seed in value:
                        part[key] = value.replace(seed, "…")
            if "traceback" in output:
                output.traceback = [line.replace(seed, "…") for line in output.traceback]


def _allowed(source: str) -> int:
    """The seconds that a check cell may take where its task needs long: the shown cases, and both kinds together.

    >>> _allowed('check("01-convolution", "conv2d", points=5)')
    0
    """
    seconds = 0
    for assignment, function in re.findall(r'\bcheck\("([\w-]+)", "(\w+)"', source):
        with contextlib.suppress(ValueError):
            asked = task(assignment, function)
            seconds = max(seconds, 3 * (asked.seconds or 0) + 30 * len(asked.imports))
    return int(seconds) + 5 if seconds else 0


def _without_values(reply: dict) -> tuple[str, str]:
    """The name of the error that ended a check, and a sentence without anything a learner's code could have put in."""
    name = reply["ename"]
    if not (isinstance(getattr(builtins, name, None), type) and issubclass(getattr(builtins, name), BaseException)):
        name = "an exception of its own"
    return NO_MARK, f"The check was ended by {name} from your function, so this cell earns no points."


def _ends_in_check(source: str) -> bool:
    """Whether the cell's value is a call of ``check``, which always has a result.

    >>> _ends_in_check('check("01-convolution", "conv2d")'), _ends_in_check("assert True")
    (True, False)
    """
    try:
        last = ast.parse(source).body[-1]
    except (SyntaxError, IndexError):
        return False
    call = last.value if isinstance(last, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") == "check"
