#!/bin/sh
# Prints the path of a Python that has boto3, as boto3.txt pins it, installed once below target/bench.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../target}

# A change of the pin makes a new environment; an unfinished one is made anew.
environment=$target/bench/$(sed 's/[^a-z0-9.]/-/g' "$here/boto3.txt")
if [ ! -e "$environment/installed" ]; then
    rm -rf "$environment"
    "${PYTHON:-python3}" -m venv "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$here/boto3.txt"
    : >"$environment/installed"
fi
echo "$environment/bin/python"
