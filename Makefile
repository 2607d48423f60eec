# make demo      the main job on bundled real weather data, in under 12 minutes
# make test      lint, types, import contracts and all tests, in under 25 minutes
# make bench     speed of the simulators beside each other (QUICK=--quick: the smallest model)
# make bench-hw  the hardware against its limits and against other generators (QUICK=--quick: a slice)
# make boards    docs/boards.md: one small GRU on boards of all families (QUICK=--quick: one board)
# make line-soak a million samples over a damaged serial line (QUICK=--quick: 10,000)
# make fuzz N=100 SEED=0  100 more random models, QKeras = reference, every 5th through HLS and RTL
# make forecasters  docs/forecasters.md: every family on the bundled weather, through the RTL
# make bench-compression  docs/compression.md: each method on one MLP and one GRU (QUICK=--quick: a slice)
# make bench-accuracy ETTH1=path  docs/accuracy.md: errors on the RTL (QUICK=--quick: a slice)
# make compare   docs/comparison.md: plain hls4ml beside ours, six models
# make peer-hls4ml HLS4ML=path  docs/peer-hls4ml.md: the models of hls4ml's own test suite
# make refusals  docs/refusals.md: every refusal, from the code
# make formal    the formal proofs, each with its seeded bug (QUICK=--quick: a slice)
# make mutation  wrong versions of the hardware that the testbench must notice (QUICK=--quick: a slice)
# make soak MINUTES=60  windows without end, random stalls and resets, many designs, every code compared
# make coverage-table  docs/coverage.md: which layers and quantizers convert exactly
# make schema    docs/network.schema.json: the form of network.json
# make old-tensorflow  conversion with the TensorFlow of hls4ml's own extra, compared with today's
# make frontends HGQ2, QONNX and PyTorch/Brevitas models, in an environment of their own
# make notebooks executes the notebooks
# make snippets  every block of code in README and docs, the long ones too
# make docs      the documentation as a web site, in build/site
# make wheel     builds the wheel and tries it in an empty environment
# make lock      renews requirements.lock from pyproject.toml (needs uv)

PYTHON ?= python3
export PYTHON
BIN := .venv/bin
WORKERS ?= 2
DEMO_RUN ?= runs/demo
N ?= 100
SEED ?= 0
EVERY ?= 5
MINUTES ?= 60
SOAK_SEED ?= 1
ETTH1 ?= ETTh1.csv

.PHONY: demo test lint unit bench bench-hw bench-compression bench-accuracy boards line-soak formal mutation soak \
    fuzz forecasters compare peer-hls4ml refusals coverage-table \
    schema old-tensorflow frontends notebooks snippets docs wheel lock clean

.venv/ready: requirements.lock pyproject.toml scripts/make_venv.sh
	@scripts/make_venv.sh

demo: .venv/ready
	$(BIN)/accel demo --run $(DEMO_RUN)

test: lint unit

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

unit: .venv/ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

bench: .venv/ready
	$(BIN)/python -m tests.bench $(QUICK)

bench-hw: .venv/ready
	$(BIN)/python -m tests.bench_hw.limits $(QUICK) --plot runs/growth.png
	$(BIN)/python -m tests.bench_hw.families $(QUICK)
	$(BIN)/python -m tests.bench_hw.weights $(QUICK)
	$(BIN)/python -m tests.bench_hw.dead_units
	$(BIN)/python -m tests.bench_hw.depthwise
	$(BIN)/python -m tests.bench_hw.shared
	$(BIN)/python -m tests.bench_hw.gate $(QUICK)
	$(BIN)/python -m tests.bench_hw.elastic_lstm $(QUICK)
	$(BIN)/python -m tests.bench_hw.series $(QUICK)
	$(BIN)/python -m tests.bench_hw.top_tagging $(QUICK)
	$(BIN)/python -m tests.bench_hw.folded $(QUICK)
	$(BIN)/python -m tests.bench_hw.unrolled $(QUICK)
	$(BIN)/python -m tests.bench_hw.delta $(QUICK)

boards: .venv/ready
	$(BIN)/python -m tests.bench_boards $(QUICK)

line-soak: .venv/ready
	$(BIN)/python -m tests.line_soak $(QUICK)

bench-compression: .venv/ready
	$(BIN)/python -m tests.bench_compression $(QUICK)

bench-accuracy: .venv/ready
	$(BIN)/python -m tests.bench_accuracy.etth1 --file $(ETTH1) $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.front --file $(ETTH1) $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.cases --file $(ETTH1) $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.distillation $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.pruning $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.transfer $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.adapting --file $(ETTH1) $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.carry_over $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.searching $(QUICK)
	$(BIN)/python -m tests.bench_accuracy.figures --file $(ETTH1) $(QUICK)

fuzz: .venv/ready
	$(BIN)/python -m tests.fuzz $(N) --seed $(SEED) --every $(EVERY) --jobs $(WORKERS)

forecasters: .venv/ready
	$(BIN)/python -m tests.forecasters $(QUICK) $(FAMILY)

compare: .venv/ready
	$(BIN)/python -m tests.compare_hls4ml

peer-hls4ml: .venv/ready
	$(BIN)/python -m tests.peer_hls4ml $(HLS4ML)

refusals: .venv/ready
	$(BIN)/python -m tests.refusals_page

formal: .venv/ready
	$(BIN)/python -m sim.formal $(QUICK)

mutation: .venv/ready
	$(BIN)/python -m sim.mutation.planted $(QUICK)
	$(BIN)/python -m sim.mutation $(QUICK)

soak: .venv/ready
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --seed $(SOAK_SEED)

coverage-table: .venv/ready
	$(BIN)/python -m tests.coverage_table

schema: .venv/ready
	$(BIN)/accel schema > docs/network.schema.json

old-tensorflow: .venv/ready
	scripts/old_tensorflow.sh

frontends:
	scripts/frontends.sh

notebooks: .venv/ready
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace notebooks/*.ipynb

snippets: .venv/ready
	CHRONOGATE_SNIPPETS=1 $(BIN)/python -m pytest -n $(WORKERS) tests/test_adding.py \
	    tests/test_documents.py tests/test_python_snippets.py

docs: .venv/ready
	$(BIN)/python scripts/docs_site.py build/docs
	$(BIN)/mkdocs build --strict --quiet --config-file build/docs/mkdocs.yml --site-dir ../site
	@echo "build/site/index.html"

wheel: .venv/ready
	scripts/try_wheel.sh

lock:
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-header --quiet -o requirements.lock

clean:
	rm -rf .venv build dist runs
