#!/bin/sh
# Measures ctguard over many accounts with one hub, against a stub that answers as AWS does:
#
#     make bench-fleet
#     CTGUARD_BENCH_PROFILE=dev CTGUARD_BENCH_ACCOUNTS=20 CTGUARD_BENCH_REGIONS=3 make bench-fleet
#
#     CTGUARD_BENCH_OLDER=/path/to/another/ctguard CTGUARD_BENCH_FEWER=300 make bench-fleet
#
# The second is a quick look, and no measurement; the third says what became cheaper, and what memory grows by. benches/fleet.py says what else can be set, and
# docs/performance.md what the numbers mean and which ones were measured.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
profile=${CTGUARD_BENCH_PROFILE:-release}
cd "$root"

cargo build --workspace --profile "$profile" --locked --bin ctguard --example stub
python=$("$here/boto3.sh")

built=$target/$([ "$profile" = dev ] && echo debug || echo "$profile")
exec "${PYTHON:-python3}" "$here/fleet.py" "$built/ctguard" "$built/examples/stub" "$python"
