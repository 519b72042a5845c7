#!/bin/sh
# Checks what the compiler does not: licences, sources and doubles of dependencies, dependencies that nothing uses,
# spelling, shell scripts, workflows, and that a fact which stands in two files is the same in both:
#
#     tests/lint/run.sh
#
# The tools are pinned in requirements.txt and installed once below target/lint. With CTGUARD_LINT_ADVISORIES=1 the
# RustSec advisories are asked, too: that downloads a database.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${CARGO_TARGET_DIR:-$root/target}/lint
cd "$root"

# shellcheck source=tests/environment.sh
. "$root/tests/environment.sh"

find_python
"$python" -c 'import tomllib' 2>/dev/null || fail "this needs Python 3.11 or newer: this is $("$python" --version 2>&1)"
environment "$home" "$here/requirements.txt"
PATH=$environment/bin:$PATH

wrong=0
check() {
    what=$1
    shift
    if "$@"; then
        echo "ok      $what"
    else
        echo "FAILED  $what: $*" >&2
        wrong=1
    fi
}

scripts=$(git ls-files '*.sh' .ci/run)
workflows=$(git ls-files '.github/workflows/*.yml' 'examples/ci/github/*.yml')

check 'licences, sources and doubles' cargo-deny --log-level error --all-features --locked check bans licenses sources
[ -z "${CTGUARD_LINT_ADVISORIES:-}" ] || check advisories cargo-deny --log-level error --all-features --locked check advisories
check 'unused dependencies' cargo-shear --locked
check spelling typos --format brief
# shellcheck disable=SC2086 # one word a file: no name here has a space
check 'shell scripts' shellcheck --severity=style $scripts
# shellcheck disable=SC2086
check workflows actionlint -no-color $workflows
# shellcheck disable=SC2086
check 'security of workflows' zizmor --offline --quiet --no-progress --config "$here/zizmor.yml" $workflows action.yml
check 'one version, one Rust, one repository' "$python" "$here/agree.py"
exit $wrong
