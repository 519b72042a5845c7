"""Compares what stands in several files with Cargo.toml: the version, the oldest Rust, and where ctguard comes from."""

import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
VERSION = PACKAGE["version"]
RUST = PACKAGE["rust-version"]
REPOSITORY = PACKAGE["repository"].removeprefix("https://github.com/")

# What is looked for, what must stand there, and the files in which at least one such place must be.
PLACES = [
    (r"(?m)^\s*(?:- )?uses: ([\w.-]+/ctguard)@", REPOSITORY, ["examples/ci/github/*.yml"]),
    (r"uses: [\w.-]+/ctguard@v(\S+)", VERSION, ["examples/ci/github/*.yml"]),
    (r"github\.com/([\w.-]+/ctguard)\b", REPOSITORY, ["examples/ci/pre-commit-config.yaml"]),
    (r"/ctguard\b.*\n\s*rev: v(\S+)", VERSION, ["examples/ci/pre-commit-config.yaml"]),
    (r"rustup toolchain install (\S+)", RUST, [".github/workflows/ci.yml", ".github/workflows/release.yml"]),
    (r"needs Rust (\d+\.\d+)", RUST, ["README.md"]),
]


def main() -> int:
    wrong = []
    for pattern, expected, globs in PLACES:
        for glob in globs:
            files = sorted(ROOT.glob(glob))
            found = [(file, value) for file in files for value in re.findall(pattern, file.read_text())]
            if not found:
                wrong.append(f"{glob}: nothing there matches {pattern}")
            for file, value in found:
                if value != expected:
                    wrong.append(f"{file.relative_to(ROOT)}: {value} stands there, and {expected} in Cargo.toml")
    for manifest in sorted(ROOT.glob("crates/*/Cargo.toml")) + [ROOT / "Cargo.toml"]:
        if tomllib.loads(manifest.read_text()).get("lints") != {"workspace": True}:
            wrong.append(f"{manifest.relative_to(ROOT)}: `lints.workspace = true` is missing: unsafe code is forbidden there")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in listed:
        if name.endswith((".md", ".yml", ".yaml", ".toml")) and re.search(r"\bacme/ctguard\b", (ROOT / name).read_text()):
            wrong.append(f"{name}: acme/ctguard looks like a repository that is there: write {REPOSITORY}")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
