#!/bin/sh
# Makes a release of the program that was built, installs it from a folder, and tries what must be refused:
#
#     tests/packaging/run.sh [path of ctguard]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
ctguard=${1:-${CARGO_TARGET_DIR:-$root/target}/debug/ctguard}
release=$root/packaging/release.py

# shellcheck source=tests/environment.sh
. "$root/tests/environment.sh"
needs_program "$ctguard"
find_python
case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    *) fail "no release for this system" ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A small program in the real one's place makes the archives small; what it prints is the real one's.
cat >"$work/ctguard" <<PROGRAM
#!/bin/sh
exec "$ctguard" "\$@"
PROGRAM
chmod +x "$work/ctguard"
for each in x86_64-unknown-linux-musl aarch64-unknown-linux-musl aarch64-apple-darwin x86_64-apple-darwin x86_64-pc-windows-msvc; do
    "$python" "$release" archive "$each" "$work/ctguard" "$work/dist" >/dev/null
done
"$python" "$release" archive "$target" "$work/ctguard" "$work/again" >/dev/null
cmp "$work"/dist/ctguard-*-"$target".tar.gz "$work"/again/*.tar.gz || fail "the same input makes another archive"
"$python" "$release" sums "$work/dist"
"$python" "$release" manifests "$work/dist" "$work/out"
(cd "$work/dist" && sha256sum --check --quiet SHA256SUMS) || fail "SHA256SUMS does not hold"
members=$(tar -tzf "$work"/dist/ctguard-*-"$target".tar.gz)
for each in /ctguard /LICENSE /completions/_ctguard /completions/ctguard.bash /man/ctguard-plan.1; do
    echo "$members" | grep -q "$each\$" || fail "$each is not in the archive"
done
"$python" -m json.tool "$work/out/ctguard.json" >/dev/null || fail "the Scoop manifest is not JSON"
grep -q "$(cut -d' ' -f1 "$work/dist/SHA256SUMS" | head -1)" "$work/out/ctguard.rb" || fail "the formula lacks a sum"

install() { CTGUARD_RELEASE=file://$work/$1 sh "$work/out/install.sh" --to "$work/$2" >"$work/said" 2>&1; }
command -v curl >/dev/null 2>&1 || { echo "SKIPPED install.sh: there is no curl"; exit 0; }
install dist bin || fail "install.sh failed: $(cat "$work/said")"
[ "$("$work/bin/ctguard" --version)" = "$("$ctguard" --version)" ] || fail "another program was installed"

# What must be refused, with nothing installed.
refused() {
    if install "$1" "$2"; then fail "$1 was installed"; fi
    [ ! -e "$work/$2/ctguard" ] || fail "$1 left a program behind"
    grep -q "$3" "$work/said" || fail "$1 was refused without saying \"$3\": $(cat "$work/said")"
}
cp -r "$work/dist" "$work/altered"
printf 'x' >>"$work/altered/$(basename "$work"/dist/ctguard-*-"$target".tar.gz)"
refused altered altered-bin 'nothing is installed'
cp -r "$work/dist" "$work/unlisted"
grep -v "$target" "$work/dist/SHA256SUMS" >"$work/unlisted/SHA256SUMS"
refused unlisted unlisted-bin 'does not name'
mkdir "$work/empty"
refused empty empty-bin 'could not download'
if "$python" "$release" check v0.0.0 nobody/nothing 2>/dev/null; then fail "a wrong tag was accepted"; fi
echo "archives, sums, manifests and install.sh are right"
