"""A Chromium to look at the built book with, and to print it: found, or installed where that is one command.

``python -m cnncourse.browser`` makes sure there is one, and says which; without one the browser tests are skipped.
"""

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PROGRAMS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
# Headless, and silent: nothing is fetched that a page did not ask for.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


def find_chromium():
    """The path of a Chromium or Chrome, or None: the variable ``CHROMIUM`` first, then the usual places."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = [path for name in NAMES if (path := shutil.which(name))]
    found += [path for path in PROGRAMS if Path(path).is_file()]
    return found[0] if found else None


def ensure_chromium():
    """Find Chromium; as root on Debian or Ubuntu install it first. Returns (path, "") or (None, why not)."""
    path = find_chromium()
    if path:
        return path, ""
    if os.environ.get("CHROMIUM"):
        return None, f"CHROMIUM={os.environ['CHROMIUM']} is no program that can be run."
    cure = "install Chromium or Chrome, or set CHROMIUM to its path"
    if not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        return None, f"No Chromium was found; {cure}."
    print("Installing Chromium with apt-get …", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(command, env=environment, **quiet)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return None, f"'{' '.join(command)}' failed ({last}); {cure}."
    path = find_chromium()
    return path, "" if path else f"apt-get installed no Chromium; {cure}."


if __name__ == "__main__":
    path, why = ensure_chromium()
    print(f"Browser tests use {path}." if path else f"THE BROWSER TESTS WILL BE SKIPPED. {why}")
