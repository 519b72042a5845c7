#!/bin/sh
# Runs the query that `ctguard replay --sql athena` prints on an embedded SQL engine, over the records that
# `ctguard replay` reads, and compares the counts:
#
#     tests/sql/run.sh [path of ctguard]
#
# The query is what is printed, put into DuckDB's words by sqlglot. Both are Python packages, pinned in duckdb.txt and
# installed once below target/sql.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${CARGO_TARGET_DIR:-$root/target}/sql
ctguard=${1:-${CARGO_TARGET_DIR:-$root/target}/debug/ctguard}

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

[ -x "$ctguard" ] || fail "there is no program at $ctguard: run cargo build first"
python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || fail "there is no \`$python\` on the PATH"
key=$( (cat "$here/duckdb.txt"; "$python" --version) | cksum | cut -d' ' -f1)
if [ ! -e "$home/$key/installed" ]; then
    rm -rf "${home:?}/$key"
    mkdir -p "$home"
    "$python" -m venv "$home/$key" || fail "could not make a virtual environment (Debian: apt-get install python3-venv)"
    "$home/$key/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/duckdb.txt" ||
        fail "could not install DuckDB: pip needs a package index (PyPI, or a mirror in PIP_INDEX_URL)"
    : >"$home/$key/installed"
fi
exec "$home/$key/bin/python" "$here/compare.py" "$ctguard"
