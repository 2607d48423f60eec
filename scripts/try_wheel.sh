#!/bin/sh
# Builds the wheel, installs it into an empty environment and uses it there: the command, the
# packages, the examples and the data must all be in it; and hw + sim must run without TensorFlow.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.venv/bin/python -m build --wheel --no-isolation --outdir "$work/dist" . >"$work/build.log" ||
    { cat "$work/build.log" >&2; exit 1; }
wheel=$(echo "$work"/dist/*.whl)

echo "Installing $(basename "$wheel") into an empty environment ..."
"${PYTHON:-python3}" -m venv "$work/venv"
# The lock only holds the versions still; what is installed is what the wheel itself asks for.
grep -o '^[A-Za-z0-9_.-]*==[^ ]*\( ;[^\\]*\)\?' requirements.lock >"$work/versions.txt"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    --constraint "$work/versions.txt" "$wheel"

cd "$work" # away from the sources
for command in "--help" "datasets" "boards" "new trial"; do
    "$work/venv/bin/accel" $command >"$work/out.txt" || { cat "$work/out.txt" >&2; exit 1; }
done
test -s trial.toml
"$work/venv/bin/accel" demo --run "$work/run"
"$work/venv/bin/accel" report "$work/run" >/dev/null

echo "Verifying and forecasting again without TensorFlow, Keras, QKeras and hls4ml ..."
"$work/venv/bin/pip" uninstall --quiet --yes tensorflow tf_keras keras qkeras hls4ml
"$work/venv/bin/python" - <<'PYTHON'
import sys
import hw, sim.rtl_model, accel
assert not {"tensorflow", "qkeras", "hls4ml"} & set(sys.modules)
PYTHON
"$work/venv/bin/accel" verify "$work/run"
"$work/venv/bin/accel" report "$work/run" >/dev/null
echo "The wheel works."
