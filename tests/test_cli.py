"""The command line: nine verbs with help worth reading, and errors that say what to do."""

import json
import subprocess
import sys

import pytest

from cnncourse.checks.notebook import open_file
from cnncourse.cli import main, parser

VERBS = ["check", "build", "experiment", "data", "release", "collect", "grade", "export", "report"]
FLIPPED = """
import numpy as np
def correlate2d(image, kernel):
    kh, kw = kernel.shape
    kernel = kernel[::-1, ::-1]
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    return np.array([[np.sum(image[i:i+kh, j:j+kw] * kernel) for j in range(columns)] for i in range(rows)])
"""


def notebook(path, *sources):
    cells = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in sources]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    return path


def test_the_help_lists_every_verb_and_each_has_its_own():
    text = parser().format_help()
    for verb in VERBS:
        assert f"\n    {verb}" in text
        done = subprocess.run([sys.executable, "-m", "cnncourse", verb, "--help"], capture_output=True, text=True)
        assert done.returncode == 0 and len(done.stdout.splitlines()) > 6


def test_help_is_quick_since_nothing_heavy_is_imported():
    code = (
        "import sys; from cnncourse.cli import parser; parser();"
        "print('numpy' in sys.modules, 'nbgrader' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_check_names_the_mistake_in_a_notebook(tmp_path, capsys):
    path = notebook(
        tmp_path / "mine.ipynb",
        "%matplotlib inline\n" + FLIPPED,
        'from cnncourse.checks import check\n\ncheck("01-convolution", "correlate2d", points=4)',
        "raise RuntimeError('a cell of my own that fails')",
        "def conv2d_params(kh, kw, c_in, c_out, use_bias=True):\n    return (kh * kw * c_in + use_bias) * c_out",
    )
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "In short: kernel flipped." in out
    assert "✓ conv2d_params: right." in out
    assert "convolve2d: not yet." in out and "no function called `convolve2d`" in out


def test_check_of_one_right_function_ends_well(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(
        "def conv2d_params(kh, kw, c_in, c_out, use_bias=True):\n    return (kh * kw * c_in + use_bias) * c_out"
    )
    assert main(["check", str(path), "--assignment", "01-convolution", "--function", "conv2d_params"]) == 0
    assert capsys.readouterr().out.strip() == "✓ conv2d_params: right."


def test_a_cell_that_stopped_is_told(tmp_path, capsys):
    path = notebook(tmp_path / "mine.ipynb", "x = 1 +", 'check("01-convolution", "correlate2d")', "1 / 0", FLIPPED)
    assert [line.split(" stopped with ")[1].split(":")[0] for line in open_file(path).stopped] == [
        "SyntaxError",
        "ZeroDivisionError",
    ]
    main(["check", str(path), "--function", "correlate2d"])
    assert "cell 1 of mine.ipynb stopped with SyntaxError" in capsys.readouterr().err


def test_an_error_names_the_line_of_the_cell(tmp_path, capsys):
    path = notebook(
        tmp_path / "mine.ipynb", "def correlate2d(image, kernel):\n    return image.reshape(7, 7, 7)  # why not"
    )
    main(["check", str(path), "--assignment", "01-convolution", "--function", "correlate2d"])
    assert "return image.reshape(7, 7, 7)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.ipynb", None, "does not exist"),
        ("mine.txt", "", "neither a notebook (.ipynb) nor a Python file"),
        ("cut.ipynb", '{"cells": [{"cell_ty', "is damaged or no notebook"),
        ("other.ipynb", '{"worksheets": []}', "is damaged or no notebook"),
        ("bytes.ipynb", b"\xff\xfe\x00", "cannot be read"),
        ("plain.py", "x = 1", "name it with --assignment (01-convolution, 02-"),
    ],
)
def test_a_file_that_cannot_be_checked_is_named_with_its_cure(tmp_path, capsys, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["check", str(path)]) == 1
    err = capsys.readouterr().err
    assert name in err and said in err and "Traceback" not in err


def test_unknown_names_are_answered_with_the_known_ones(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text("x = 1")
    assert main(["check", str(path), "--assignment", "1"]) == 1
    assert "there are 01-convolution" in capsys.readouterr().err
    assert main(["check", str(path), "--assignment", "01-convolution", "--function", "conv"]) == 1
    assert "it has correlate2d, convolve2d" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["build", "release", "grade", "report"])
def test_a_folder_that_is_no_course_is_told_in_a_sentence(tmp_path, capsys, verb):
    assert main([verb, "--course", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("cnncourse: ") and str(tmp_path) in err and "Traceback" not in err


def test_a_pipe_that_is_closed_early_is_no_error(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("x = 1")
    check = [sys.executable, "-m", "cnncourse", "check", str(path), "--assignment", "01-convolution"]
    with subprocess.Popen(check, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
