#!/bin/sh
# Converts drawn models with the TensorFlow that hls4ml's own extra pins, in an environment of its
# own, and compares networks and values with those of the main environment.
set -eu
cd "$(dirname "$0")/.."
place=.venv-old-tensorflow
wanted=tests/old_tensorflow/requirements.txt

if ! cmp -s "$wanted" "$place/ready"; then
    echo "Building $place: about 400 MB of Python packages are downloaded the first time ..."
    rm -rf "$place"
    "${PYTHON:-python3}" -m venv "$place"
    "$place/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$place/ready"
fi
models=$(mktemp -d)
trap 'rm -rf "$models"' EXIT
"${MAIN:-.venv/bin/python}" -m tests.old_tensorflow.write "$models"
PYTHONPATH=$PWD CHRONOGATE_MODELS=$models "$place/bin/python" -m pytest -q -o filterwarnings=default \
    --disable-warnings tests/old_tensorflow
