#!/bin/sh
# Runs a command while two AWS emulators listen on this machine, one of them twice:
#
#     tests/emulators/run.sh cargo test
#
# The command finds them at CTGUARD_TEST_MINISTACK_URL and CTGUARD_TEST_MOTO_URL, and at CTGUARD_TEST_AUTH_URL
# a ministack that checks signatures, identity policies and trust policies. The emulators are Python packages, pinned in the two .txt files beside this one. They are installed once, below
# target/emulators, and only this machine can reach them. Whatever happens, all are stopped at the end.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${CARGO_TARGET_DIR:-$root/target}/emulators

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

[ $# -gt 0 ] || fail "name the command to run, for example: tests/emulators/run.sh cargo test"

python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 ||
    fail "the emulator tests need Python 3.10 or newer: there is no \`$python\` on the PATH"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "the emulator tests need Python 3.10 or newer: this is $("$python" --version 2>&1)"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "the emulator tests need Python's venv module: install it (Debian and Ubuntu: apt-get install python3-venv)"

# A change of a pin or of Python makes a new pair of environments; an unfinished one is made anew.
key=$("$python" - "$here/ministack.txt" "$here/moto.txt" <<'PYTHON'
import hashlib, sys
pins = b"".join(open(path, "rb").read() for path in sys.argv[1:])
print(hashlib.sha256(sys.version.encode() + pins).hexdigest()[:12])
PYTHON
)
environments=$home/$key
install() {
    [ -e "$environments/$1/installed" ] && return
    echo "run.sh: installing $(cat "$here/$1.txt") below $environments" >&2
    rm -rf "${environments:?}/$1"
    "$python" -m venv "$environments/$1" || fail "could not make a virtual environment for $1"
    "$environments/$1/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$here/$1.txt" ||
        fail "could not install $1: pip needs a package index (PyPI, or a mirror in PIP_INDEX_URL)"
    : >"$environments/$1/installed"
}
mkdir -p "$environments"
install ministack
install moto

ministack=
auth=
moto=
# shellcheck disable=SC2329 # the traps below call it
stop() {
    for process in $ministack $auth $moto; do
        kill "$process" 2>/dev/null || true
    done
    for process in $ministack $auth $moto; do
        wait "$process" 2>/dev/null || true
    done
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# All ports are held at once, so that they differ.
ports=$("$python" - <<'PYTHON'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(listener.getsockname()[1] for listener in held))
PYTHON
)
ministack_port=${ports%% *}
moto_port=${ports##* }
auth_port=${ports#* }
auth_port=${auth_port% *}

# Nothing of the user's own AWS settings may reach the emulators or the tests.
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_EC2_METADATA_DISABLED=true

GATEWAY_PORT=$ministack_port BIND_HOST=127.0.0.1 LOG_LEVEL=WARNING \
    "$environments/ministack/bin/ministack" >"$home/ministack.log" 2>&1 &
ministack=$!
GATEWAY_PORT=$auth_port BIND_HOST=127.0.0.1 LOG_LEVEL=WARNING AUTH=true \
    "$environments/ministack/bin/ministack" >"$home/auth.log" 2>&1 &
auth=$!
"$environments/moto/bin/moto_server" -H 127.0.0.1 -p "$moto_port" >"$home/moto.log" 2>&1 &
moto=$!

ready() {
    "$python" - "$1" "$2" <<'PYTHON' || fail "$3 did not come up; its output is in $home/$3.log"
import os, sys, time, urllib.request
url, process = sys.argv[1], int(sys.argv[2])
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for _ in range(600):
    try:
        os.kill(process, 0)
        direct.open(url, timeout=5).read()
        sys.exit(0)
    except ProcessLookupError:
        sys.exit(1)
    except OSError:
        time.sleep(0.1)
sys.exit(1)
PYTHON
}
ready "http://127.0.0.1:$ministack_port/_ministack/health" "$ministack" ministack
ready "http://127.0.0.1:$auth_port/_ministack/health" "$auth" auth
ready "http://127.0.0.1:$moto_port/moto-api/" "$moto" moto

export CTGUARD_TEST_MINISTACK_URL="http://127.0.0.1:$ministack_port"
export CTGUARD_TEST_AUTH_URL="http://127.0.0.1:$auth_port"
export CTGUARD_TEST_MOTO_URL="http://127.0.0.1:$moto_port"
status=0
"$@" || status=$?
exit "$status"
