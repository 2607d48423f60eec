#!/bin/sh
# Tests the front ends for HGQ2, QONNX and PyTorch/Brevitas in an environment of their own.
set -eu
cd "$(dirname "$0")/.."
place=.venv-frontends
wanted=tests/frontends/requirements.txt

if ! cmp -s "$wanted" "$place/ready"; then
    echo "Building $place: about 1.5 GB of Python packages are downloaded the first time ..."
    rm -rf "$place"
    "${PYTHON:-python3}" -m venv "$place"
    # The lock holds the versions still, but for setuptools, of which torch wants an older one.
    grep -o '^[A-Za-z0-9_.-]*==[^ ]*\( ;[^\\]*\)\?' requirements.lock | grep -v '^setuptools==' \
        >"$place/versions.txt"
    "$place/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint "$place/versions.txt" -r "$wanted" .
    "$place/bin/python" -m pip uninstall --quiet --yes chronogate # the sources are tested
    cp "$wanted" "$place/ready"
fi
PYTHONPATH=$PWD "$place/bin/python" -m pytest -q -o filterwarnings=default --disable-warnings \
    tests/frontends
