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

# shellcheck source=tests/environment.sh
. "$root/tests/environment.sh"

needs_program "$ctguard"
environment "$home" "$here/duckdb.txt"
exec "$environment/bin/python" "$here/compare.py" "$ctguard"
