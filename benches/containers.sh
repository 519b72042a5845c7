#!/bin/bash
# Measures reading the same records in whatever else people have them in, side by side with `Records` files:
#
#     CTGUARD=target/release/ctguard benches/containers.sh [RECORDS]
#
# CPU seconds of one process, the least of some rounds. `one` is a single gzip file with all records, `one-lines` the
# same as lines, not packed. zcat inflates the `Records` files.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
cd "$root"
records=${1:-193471}
rounds=${ROUNDS:-3}
corpus=${CORPUS:-${TMPDIR:-/tmp}/ctguard-corpus-$records}
forms=${FORMS:-$corpus-forms}
bin=${EXAMPLES:-${CARGO_TARGET_DIR:-$root/target}/release/examples}
python=${PYTHON:-python3}
kinds="records lines events lookup sns sqs export insights lake splunk csv one one-lines"
blueprint=examples/story/ctguard.yaml

[ -n "${EXAMPLES:-}" ] || cargo build --release --locked --example corpus --example scan
[ -d "$corpus" ] || "$bin/corpus" "$corpus" "$records"
# shellcheck disable=SC2086
[ -d "$forms" ] || "$python" benches/wrap.py "$corpus" "$forms" $kinds

measure='
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss // 1024}")'

# row WHAT COMMAND…: the least CPU seconds of the rounds, their ratio to the first row since `base` was emptied, and
# the memory of that round.
base=''
row() {
    local what=$1 best
    shift
    best=$(for _ in $(seq "$rounds"); do "$python" -c "$measure" "$@"; done | sort -n | head -1)
    base=${base:-${best% *}}
    printf '| %-40s | %6s | %5s | %4s MiB |\n' "$what" "${best% *}" \
        "$(awk -v a="${best% *}" -v b="$base" 'BEGIN { printf "%.2f", a / b }')" "${best#* }"
}

replay() { row "ctguard replay: $1" "$CTGUARD" replay --quiet --threads 1 --blueprint "$blueprint" --format json "$forms/$1"; }
match() { row "ctguard match --count: $1" "$CTGUARD" match --quiet --count --blueprint "$blueprint" "$forms/$1"/*; }

echo "$records records; least of $rounds rounds; load before: $(cut -d' ' -f1-3 /proc/loadavg)"
for kind in $kinds; do row "engine, 20 rules: $kind" "$bin/scan" "$forms/$kind" 20; done
row 'engine, 20 rules, two threads: records' "$bin/scan" "$forms/records" 20 2
row 'zcat: records' zcat "$forms/records"/*
if [ -n "${CTGUARD:-}" ]; then
    for kind in records one one-lines; do
        base=''
        replay "$kind"
        match "$kind"
    done
fi
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
