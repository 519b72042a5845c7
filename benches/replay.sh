#!/bin/bash
# Measures replaying an archive, side by side with inflating it and with what people use today:
#
#     benches/replay.sh [RECORDS]        193,471 of them unless told; 2000000 for the numbers in the documentation
#
# Everything is counted in CPU seconds of one process tree and in units of an in-process inflation with libdeflate
# of the same files. jq and ripgrep are Debian packages (apt-get install jq ripgrep); DuckDB is the Python package that
# tests/sql/run.sh installs (PYTHON is one that has it, unless it is found there). What is missing is skipped.
# CTGUARD=path of a release build measures `ctguard replay` as well. docs/performance.md says what the numbers mean.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
cd "$root"
records=${1:-193471}
rounds=${ROUNDS:-3}
corpus=${CORPUS:-${TMPDIR:-/tmp}/ctguard-corpus-$records}
bin=${EXAMPLES:-}

if [ -z "$bin" ]; then
    cargo build --release --locked --example corpus --example scan
    bin=${CARGO_TARGET_DIR:-$root/target}/release/examples
fi
[ -d "$corpus" ] || "$bin/corpus" "$corpus" "$records"

# cpu COMMAND…: user and system seconds of the command and its children; its output goes to the file `out`.
out=$(mktemp)
trap 'rm -f "$out"' EXIT
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" > "$out" 2>/dev/null; } 2>&1 | awk '{ printf "%.2f", $1 + $2 }'
}

# The least of some rounds: what the work takes when little is in its way.
least() {
    local best='' now
    for _ in $(seq "$rounds"); do
        now=$(cpu "$@")
        best=$(awk -v a="$best" -v b="$now" 'BEGIN { print (a == "" || b < a) ? b : a }')
    done
    echo "$best"
}

row() {
    local what=$1 seconds
    shift
    seconds=$(least "$@")
    printf '| %-44s | %8s | %6s | %s |\n' "$what" "$seconds" \
        "$(awk -v a="$seconds" -v b="$unit" 'BEGIN { printf "%.1f", a / b }')" "$(tail -1 "$out" | cut -c1-110 | sed 's/.*CPU s *//')"
}

zcat_all() { find "$corpus" -name '*.json.gz' -print0 | xargs -0 zcat | wc -c; }
rg_all() { rg -z -c 'StopLogging|DeleteTrail|CreateUser|CreateAccessKey|ConsoleLogin|AuthorizeSecurityGroup|UnauthorizedOperation' "$corpus" | awk -F: '{ n += $2 } END { print n " lines" }'; }
jq_all() {
    find "$corpus" -name '*.json.gz' -print0 | xargs -0 zcat |
        jq -c '.Records[] | select(.eventName == "CreateUser" and .eventSource == "iam.amazonaws.com") | .eventID' | wc -l
}

echo "$records records, $(du -sm "$corpus" | cut -f1) MB of gzip; least of $rounds rounds; load before: $(cut -d' ' -f1-3 /proc/loadavg)"
unit=$(least "$bin/scan" "$corpus" inflate)
printf '| %-44s | %8s | %6s | %s |\n' what 'CPU s' units 'wall time, memory, counts'
echo '|---|---|---|---|'
row 'inflate only (libdeflate, in process)' "$bin/scan" "$corpus" inflate
row 'ctguard engine, no rules (inflate and split)' "$bin/scan" "$corpus" 0
row 'ctguard engine, 20 rules' "$bin/scan" "$corpus" 20
row 'ctguard engine, 200 rules' "$bin/scan" "$corpus" 200
row 'ctguard engine, 1000 rules' "$bin/scan" "$corpus" 1000
row 'ctguard engine, 100 overlapping wildcards' "$bin/scan" "$corpus" 100 1 --wildcards
row 'ctguard engine, 20 rules, two threads' "$bin/scan" "$corpus" 20 2
if [ -n "${CTGUARD:-}" ]; then
    row 'ctguard replay, a blueprint of 15 alerts' "$CTGUARD" replay --quiet --threads 1 --blueprint examples/story/ctguard.yaml --format json "$corpus"
fi
row 'zcat' zcat_all
if command -v rg > /dev/null; then row 'rg -z, 7 literals, no JSON' rg_all; else echo 'skipped: rg (apt-get install ripgrep)'; fi
if command -v jq > /dev/null; then row 'zcat | jq, one rule' jq_all; else echo 'skipped: jq (apt-get install jq)'; fi
python=${PYTHON:-$(find "${CARGO_TARGET_DIR:-$root/target}/sql" -path '*/bin/python' 2>/dev/null | tail -1)}
if "${python:-python3}" -c 'import duckdb' 2>/dev/null; then
    row 'DuckDB, one thread, one rule' "${python:-python3}" benches/count_with_duckdb.py "$corpus"
else
    echo 'skipped: DuckDB (tests/sql/run.sh installs it)'
fi
if [ -n "${QUAMINA:-}" ] || (cd "$here/quamina" && cargo build --release); then
    quamina=${QUAMINA:-$here/quamina/target/release/ctguard-bench-quamina}
    for rules in 20 200 1000; do row "quamina crate, $rules rules" "$quamina" "$corpus" "$rules"; done
else
    echo 'skipped: the quamina crate (benches/quamina does not build here)'
fi
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
