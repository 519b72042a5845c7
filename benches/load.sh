#!/bin/sh
# Measures ctguard where there is much of one thing: a large blueprint, many rules, many subscriptions.
#
#     make bench-load
#
# benches/load.py says what is measured, docs/reliability.md what came out.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
profile=${CTGUARD_BENCH_PROFILE:-release}
cd "$root"

cargo build --workspace --profile "$profile" --locked --bin ctguard
built=$target/$([ "$profile" = dev ] && echo debug || echo "$profile")
exec "${PYTHON:-python3}" "$here/load.py" "$built/ctguard"
