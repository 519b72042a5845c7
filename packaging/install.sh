#!/bin/sh
# Installs ctguard for Linux or macOS from its release, after comparing the archive's SHA-256 with the release's list:
#
#     sh install.sh [--to FOLDER] [--version VERSION]
#
# Without --to the program goes into $HOME/.local/bin. Nothing else is written, nothing needs root. Where GitHub's
# client `gh` is signed in, the archive's attestation is verified, too: that it was built by this repository's workflow.
set -eu

version='@VERSION@'
repository='@REPOSITORY@'
folder=$HOME/.local/bin

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
        --to) folder=${2:?--to needs a folder} ;;
        --version) version=${2:?--version needs a version, such as 0.1.0} ;;
        *) fail "unknown argument $1: there are --to FOLDER and --version VERSION" ;;
    esac
    shift 2
done
version=${version#v}
from=${CTGUARD_RELEASE:-$repository/releases/download/v$version}
case $version$from in
    *@*@*) fail "this is the template of the script: take install.sh from a release" ;;
esac

case $(uname -s) in
    Linux) system=unknown-linux-musl ;;
    Darwin) system=apple-darwin ;;
    *) fail "there is no ctguard for $(uname -s) here: on Windows take the .zip of the release, or Scoop" ;;
esac
case $(uname -m) in
    x86_64 | amd64) machine=x86_64 ;;
    arm64 | aarch64) machine=aarch64 ;;
    *) fail "there is no ctguard for $(uname -m): build it with cargo install --locked --git $repository" ;;
esac
name=ctguard-$version-$machine-$system

if command -v sha256sum >/dev/null 2>&1; then
    digest() { sha256sum "$1" | cut -d' ' -f1; }
elif command -v shasum >/dev/null 2>&1; then
    digest() { shasum -a 256 "$1" | cut -d' ' -f1; }
else
    fail "neither sha256sum nor shasum is there: the archive could not be checked, so it is not installed"
fi
if command -v curl >/dev/null 2>&1; then
    fetch() { curl --fail --silent --show-error --location --proto '=https,file' --retry 3 --output "$2" "$1"; }
elif command -v wget >/dev/null 2>&1; then
    fetch() { wget --quiet --https-only --output-document="$2" "$1"; }
else
    fail "neither curl nor wget is there"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
fetch "$from/SHA256SUMS" "$work/SHA256SUMS" || fail "could not download $from/SHA256SUMS"
fetch "$from/$name.tar.gz" "$work/$name.tar.gz" || fail "could not download $from/$name.tar.gz"

expected=$(awk -v name="$name.tar.gz" '$2 == name { print $1 }' "$work/SHA256SUMS")
[ -n "$expected" ] || fail "SHA256SUMS does not name $name.tar.gz: nothing is installed"
found=$(digest "$work/$name.tar.gz")
[ "$found" = "$expected" ] || fail "the sum of $name.tar.gz is $found, not $expected: nothing is installed"
if command -v gh >/dev/null 2>&1 && gh auth status >/dev/null 2>&1; then
    gh attestation verify "$work/$name.tar.gz" --repo "${repository#https://github.com/}" ||
        fail "the attestation of $name.tar.gz does not hold: nothing is installed"
fi

tar -xzf "$work/$name.tar.gz" -C "$work"
"$work/$name/ctguard" --version >/dev/null || fail "the program does not run on this machine: nothing is installed"
mkdir -p "$folder"
# Moved, not copied over: a ctguard that runs keeps its file.
cp "$work/$name/ctguard" "$folder/.ctguard.$$"
mv "$folder/.ctguard.$$" "$folder/ctguard"
echo "$("$folder/ctguard" --version) is in $folder"
case :$PATH: in
    *:"$folder":*) ;;
    *) echo "$folder is not on your PATH" ;;
esac
