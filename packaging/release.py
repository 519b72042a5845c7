#!/usr/bin/env python3
"""Makes what a release consists of. Python's own library only: it runs on every machine that builds.

    release.py archive TARGET PROGRAM OUT   the archive of one target: the program, completions, man pages, papers
    release.py manifests DIST OUT           install.sh, the Homebrew formula and the Scoop manifest, with the sums of DIST/SHA256SUMS
    release.py sums DIST                    writes DIST/SHA256SUMS over all archives in it
    release.py check TAG REPOSITORY         whether a tag and the repository that builds it are those of Cargo.toml

An archive is the same bytes for the same input: times, owners and order are fixed.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAPERS = ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"]
SHELLS = {
    "bash": "ctguard.bash",
    "elvish": "ctguard.elv",
    "fish": "ctguard.fish",
    "powershell": "_ctguard.ps1",
    "zsh": "_ctguard",
}


def package():
    return tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]


def contents(program, target):
    """What is in an archive: paths and bytes, with what may be run first."""
    suffix = ".exe" if "windows" in target else ""
    yield f"ctguard{suffix}", pathlib.Path(program).read_bytes(), 0o755
    for name in PAPERS:
        yield name, (ROOT / name).read_bytes(), 0o644
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CTGUARD_")}
    for shell, name in SHELLS.items():
        script = subprocess.run([program, "completions", shell], env=environment, check=True, capture_output=True)
        yield f"completions/{name}", script.stdout, 0o644
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "man", "--out", folder], env=environment, check=True, capture_output=True)
        for page in sorted(pathlib.Path(folder).iterdir()):
            yield f"man/{page.name}", page.read_bytes(), 0o644


def archive(target, program, out):
    top = f"ctguard-{package()['version']}-{target}"
    members = sorted(contents(os.path.abspath(program), target))
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    if "windows" in target:
        path = pathlib.Path(out, f"{top}.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, data, _ in members:
                made.writestr(zipfile.ZipInfo(f"{top}/{name}"), data, zipfile.ZIP_DEFLATED)
    else:
        path = pathlib.Path(out, f"{top}.tar.gz")
        with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, moment) as packed:
            with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as made:
                for name, data, mode in members:
                    member = tarfile.TarInfo(f"{top}/{name}")
                    member.size, member.mode, member.mtime = len(data), mode, moment
                    made.addfile(member, io.BytesIO(data))
    print(path)


def archives(dist):
    return sorted(path for path in pathlib.Path(dist).iterdir() if path.name.endswith((".tar.gz", ".zip")))


def sums(dist):
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in archives(dist)]
    if not lines:
        sys.exit(f"{dist}: there is no archive in it")
    pathlib.Path(dist, "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def known_sums(dist):
    lines = pathlib.Path(dist, "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def manifests(dist, out):
    facts = package()
    version, repository = facts["version"], facts["repository"]
    known = known_sums(dist)

    def asset(target, suffix="tar.gz"):
        name = f"ctguard-{version}-{target}.{suffix}"
        if name not in known:
            sys.exit(f"{dist}/SHA256SUMS: {name} is missing")
        return f"{repository}/releases/download/v{version}/{name}", known[name]

    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    script = (ROOT / "packaging/install.sh").read_text(encoding="utf-8")
    for name, value in (("@VERSION@", version), ("@REPOSITORY@", repository)):
        script = script.replace(name, value)
    (out / "install.sh").write_text(script, encoding="utf-8", newline="\n")
    (out / "ctguard.rb").write_text(formula(version, repository, asset), encoding="utf-8", newline="\n")
    url, digest = asset("x86_64-pc-windows-msvc", "zip")
    scoop = {
        "version": version,
        "description": DESCRIPTION,
        "homepage": repository,
        "license": facts["license"],
        "architecture": {"64bit": {"url": url, "hash": digest, "extract_dir": f"ctguard-{version}-x86_64-pc-windows-msvc"}},
        "bin": "ctguard.exe",
    }
    (out / "ctguard.json").write_text(json.dumps(scoop, indent=4) + "\n", encoding="utf-8", newline="\n")


DESCRIPTION = "Makes sure somebody hears of it when something dangerous happens in an AWS account"


def formula(version, repository, asset):
    def source(target):
        url, digest = asset(target)
        return f'      url "{url}"\n      sha256 "{digest}"\n'

    def system(name, arm, intel):
        return f"  on_{name} do\n    on_arm do\n{source(arm)}    end\n    on_intel do\n{source(intel)}    end\n  end\n"

    return (
        "class Ctguard < Formula\n"
        f'  desc "{DESCRIPTION}"\n'
        f'  homepage "{repository}"\n'
        f'  version "{version}"\n'
        '  license "Apache-2.0"\n\n'
        + system("macos", "aarch64-apple-darwin", "x86_64-apple-darwin")
        + system("linux", "aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl")
        + "\n  def install\n"
        '    bin.install "ctguard"\n'
        '    man1.install Dir["man/*.1"]\n'
        '    bash_completion.install "completions/ctguard.bash" => "ctguard"\n'
        '    zsh_completion.install "completions/_ctguard"\n'
        '    fish_completion.install "completions/ctguard.fish"\n'
        "  end\n\n"
        "  test do\n"
        '    assert_match version.to_s, shell_output("#{bin}/ctguard --version")\n'
        "  end\n"
        "end\n"
    )


def check(tag, repository):
    facts = package()
    wrong = []
    if tag != f"v{facts['version']}":
        wrong.append(f"the tag is {tag}, and the version in Cargo.toml {facts['version']}")
    if facts["repository"] != f"https://github.com/{repository}":
        wrong.append(f"this is {repository}, and `repository` in Cargo.toml {facts['repository']}: write where releases are")
    sys.exit("\n".join(wrong) or 0)


VERBS = {"archive": archive, "sums": sums, "manifests": manifests, "check": check}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in VERBS:
        sys.exit(__doc__)
    VERBS[sys.argv[1]](*sys.argv[2:])
