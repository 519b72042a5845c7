# shellcheck shell=sh
# What the scripts of the tests share: read by them, not run.

# Ends the script with what is wrong.
fail() {
    echo "run.sh: $*" >&2
    exit 1
}

# Checks that the program was built.
needs_program() {
    [ -x "$1" ] || fail "there is no program at $1: run cargo build first"
}

# Sets `python` to the Python to use.
find_python() {
    python=${PYTHON:-python3}
    command -v "$python" >/dev/null 2>&1 || fail "there is no \`$python\` on the PATH"
}

# environment HOME REQUIREMENTS: sets `environment` to a virtual environment below HOME that has what is pinned there.
# A change of a pin or of Python makes another in its place; an unfinished one is made anew.
environment() {
    find_python
    environment=$1/$( (cat "$2"; "$python" --version) | cksum | cut -d' ' -f1)
    [ ! -e "$environment/installed" ] || return 0
    rm -rf "${1:?}"
    mkdir -p "$1"
    "$python" -m venv "$environment" || fail "could not make a virtual environment (Debian: apt-get install python3-venv)"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$2" ||
        fail "could not install what $2 lists: pip needs a package index (PyPI, or a mirror in PIP_INDEX_URL)"
    : >"$environment/installed"
}
