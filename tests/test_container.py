"""The container for macOS and Windows: it agrees with the project, and what it is allowed suffices for the sandbox.

Docker is not needed here: the files are read, and bubblewrap is started under the same restrictions.
"""

import ctypes
import json
import os
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from cnncourse.cli import parser

ROOT = Path(__file__).parents[1]
NEEDED = {"clone", "clone3", "unshare", "mount", "umount2", "pivot_root", "prctl", "seccomp", "capset"}  # by bubblewrap


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


@pytest.fixture(scope="module")
def service() -> dict:
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    return service


@pytest.fixture(scope="module")
def profile() -> dict:
    return json.loads((ROOT / "seccomp.json").read_text(encoding="utf-8"))


def test_its_python_and_its_packages_are_the_projects(dockerfile):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    major, minor = re.search(r"^FROM python:(\d+)\.(\d+)-slim", dockerfile, re.M).groups()
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    assert major == "3" and int(low) <= int(minor) < int(high)
    extras = re.search(r'"\.\[([\w,]+)\]"', dockerfile)[1].split(",")
    assert {"grading", "keras"} <= set(extras) <= set(project["optional-dependencies"])
    installs = re.findall(r"pip install[^&\n]*", dockerfile)
    assert installs and all("--constraint requirements.txt" in install for install in installs)
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M))
    assert {"setuptools", "wheel"} <= locked  # what the package is built with
    assert re.search(r"apt-get install [^&]*\bbubblewrap\b", dockerfile)


def test_what_it_copies_exists_and_is_let_through_and_nothing_private_is(dockerfile):
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_through = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {name for line in re.findall(r"^COPY (.*)$", dockerfile, re.M) for name in line.split()[:-1]}
    assert copied == let_through and all((ROOT / name).exists() for name in copied)
    for private in ("gradebook.db", ".hidden-seed", "submitted", "solutions", ".git", "exchange", "grades.csv"):
        assert not any(fnmatch(private, name) for name in let_through)
    # What the package's metadata names is there when it is built.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {project["readme"], *project["license-files"]} <= copied


def test_compose_runs_a_command_that_exists_where_the_course_is_mounted(dockerfile, service):
    assert re.findall(r"^CMD (.*)$", dockerfile, re.M) == [json.dumps(service["command"])]
    program, *arguments = service["command"]
    assert program == "cnncourse" and parser().parse_args(arguments).verb == "grade"
    (volume,) = service["volumes"]
    target = volume.rpartition(":")[2]
    assert target == service["working_dir"] == re.findall(r"^WORKDIR (.*)$", dockerfile, re.M)[-1]
    assert (ROOT / service["build"] / "Dockerfile").is_file()
    assert "/tmp:" in service["tmpfs"][0] and "HOME=/tmp" in dockerfile  # the only place to write besides the course


def test_it_has_no_right_that_bubblewrap_does_not_need(dockerfile, service, profile):
    assert service["cap_drop"] == ["ALL"] and not {"cap_add", "privileged", "devices", "pid", "ipc"} & service.keys()
    assert service["network_mode"] == "none" and service["read_only"] is True
    options = dict(re.split("[=:]", option, maxsplit=1) for option in service["security_opt"])
    assert options["no-new-privileges"] == "true" and (ROOT / options["seccomp"]).is_file()
    user = re.findall(r"^USER (.*)$", dockerfile, re.M)[-1]
    assert user == "1000:1000" and service["user"] == "${GRADER:-1000:1000}"
    (rule,) = profile["syscalls"]
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW" and rule["action"] == "SCMP_ACT_ERRNO"
    assert not NEEDED & set(rule["names"])
    # From Docker's list of "significant syscalls blocked by the default profile".
    assert {"bpf", "keyctl", "init_module", "kexec_load", "open_by_handle_at", "ptrace", "reboot", "swapon"} <= set(
        rule["names"]
    )


def _restricted(profile: dict):
    """Restrict this process as the container does: an ordinary user, no new rights, the profile's system calls."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    arguments = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    library.seccomp_rule_add_array.argtypes = arguments
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    context = library.seccomp_init(0x7FFF0000)  # SCMP_ACT_ALLOW
    for rule in profile["syscalls"]:
        for name in rule["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number != -1:  # of another architecture
                assert library.seccomp_rule_add_array(context, 0x00050000 | rule["errnoRet"], number, 0, None) == 0
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(1000, 1000, 1000)
        os.setresuid(1000, 1000, 1000)
    assert library.seccomp_load(context) == 0  # forbids new rights as well


def _bubblewrap(profile: dict) -> subprocess.CompletedProcess:
    """Start it with what cnncourse.grading.sandbox asks of it, where that does not depend on the machine."""
    spaces = ["user", "pid", "net", "ipc", "uts"]
    command = ["bwrap", *(f"--unshare-{space}" for space in spaces), "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"]
    command += ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--", "/bin/sh", "-c"]
    command += ["echo /proc/[0-9]*; touch /tmp/x && echo written; touch /usr/x 2>/dev/null || echo read-only"]
    start = {"preexec_fn": lambda: _restricted(profile), "cwd": "/"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **start)


@pytest.fixture(scope="module")
def bubblewrap():
    """Skipped where a user may not start bubblewrap at all, or where no filter can be made."""
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("there is no libseccomp here")
    if shutil.which("bwrap") is None or _bubblewrap({"syscalls": []}).returncode:
        pytest.skip("a user cannot start bubblewrap here")


def test_bubblewrap_starts_with_no_more_than_the_container_gives(bubblewrap, profile):
    done = _bubblewrap(profile)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["/proc/1", "/proc/2", "written", "read-only"]


def test_without_the_profile_docker_would_forbid_what_bubblewrap_needs(bubblewrap):
    """What Docker's own profile does to a process without capabilities: no mounts."""
    denied = {"action": "SCMP_ACT_ERRNO", "errnoRet": 1, "names": ["mount", "umount2", "pivot_root"]}
    done = _bubblewrap({"syscalls": [denied]})
    assert done.returncode != 0 and "Operation not permitted" in done.stderr
