# What a contributor runs. Everything is offline but for crates.io and PyPI.

export AWS_EC2_METADATA_DISABLED := true

# What helps the next build only costs where there is none.
ifdef CI
export CARGO_INCREMENTAL := 0
endif

.PHONY: demo jsonata lint test site soak laws bench bench-fleet bench-load noise catalogue fuzz

## Plays the whole story on an account that is a file.
demo:
	@examples/story/play.sh

## Formatting, Clippy, licences, sources, unused dependencies, spelling, scripts, workflows.
lint:
	cargo fmt --all --check
	tests/lint/run.sh
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --no-default-features --locked -- -D warnings

## Lints, every test, docs: what CI runs.
test: export PROPTEST_RNG_SEED ?= 20261122
test: lint
	tests/emulators/run.sh cargo test --workspace --locked
	tests/sql/run.sh
	tests/terraform/run.sh
	tests/packaging/run.sh
	tests/export/run.sh
	docs/site/run.sh
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	CTGUARD_PROGRAM=$${CARGO_TARGET_DIR:-target}/debug/ctguard examples/story/play.sh >/dev/null

## Mails of arbitrary events, composed by the reference implementation of JSONata: needs Node.js.
jsonata:
	tests/jsonata/run.sh

## The documentation as a site with search, below target/site/html; a link that leads nowhere is an error.
site:
	cargo build --locked --workspace
	docs/site/run.sh

## Every crash point on the emulators, of which `make test` tries some: minutes.
soak:
	CTGUARD_CRASH_POINTS=all tests/emulators/run.sh \
		cargo test --workspace --locked --test behaviour emulators::crash:: -- --nocapture

## The laws on inputs that nobody tried before: each run has seeds of its own, and prints those that fail.
laws:
	cargo test --workspace --locked --lib --no-fail-fast
	cargo test --workspace --locked --test behaviour -- \
		laws:: read_back:: truth:: export:: selectors:: destroy:: containers:: --skip emulators::

## Every fuzz target for ten minutes, with cargo-fuzz (stable does); `make test` has a short run of each.
fuzz:
	fuzz/run.sh

## Calls, CPU and memory, measured against the emulator.
bench:
	benches/run.sh

## Many accounts and one hub, measured against a stub that answers as AWS does.
bench-fleet:
	benches/fleet.sh

## Much of one thing: a large blueprint, many rules of others, many subscriptions.
bench-load:
	benches/load.sh

## How often each built-in alert fires in a made-up month: writes the table of docs/blueprints.md.
noise:
	benches/noise.sh

## Builds the event catalogue, the models of requests and responses and the list of regions again from the pinned packages.
catalogue:
	python3 -m venv target/catalogue
	target/catalogue/bin/pip install --quiet --requirement catalogue/requirements.txt
	git show HEAD:catalogue/events.tsv >target/catalogue/before.tsv
	target/catalogue/bin/python catalogue/build_catalogue.py
	target/catalogue/bin/python catalogue/check_catalogue.py target/catalogue/before.tsv
	target/catalogue/bin/python catalogue/build_requests.py
	target/catalogue/bin/python catalogue/build_responses.py
	target/catalogue/bin/python catalogue/build_regions.py
