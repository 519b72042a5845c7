"""Gathers what the site is made of: the pages of docs/, and pages made from the blueprint's schema, from the
built-in blueprints and from the help of the program.

    assemble.py ROOT PROGRAM OUT

A page that is in no list of contents, and a link to a file that does not exist, is an error.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
CODE = re.compile(r"^(```|~~~)")
# Pages outside of docs/.
BESIDE = ["CONTRIBUTING.md", "CHANGELOG.md"]


def main(root, program, out):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    pages = {path: Path(path.name) for path in sorted((root / "docs").glob("*.md"))}
    pages |= {root / name: Path(name) for name in BESIDE}
    for path, page in pages.items():
        (out / page).write_text(relinked(path.read_text(), path, pages, root, out))
    for name in ("index.md", "conf.py"):
        shutil.copy(root / "docs/site" / name, out / name)
    kept = out / "files/docs/schema/blueprint.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / "docs/schema/blueprint.json", kept)
    (out / "blueprint-keys.md").write_text(keys(json.loads((root / "docs/schema/blueprint.json").read_text())))
    (out / "cli.md").write_text(cli(program))
    built_ins(sorted((root / "blueprints").glob("*.yaml")), out / "built-ins")


def relinked(text, path, pages, root, out):
    """Links to pages stay; a file that is no page is carried along; a folder keeps its name alone."""

    def link(match):
        label, target = match.groups()
        if target.startswith(("#", "http://", "https://", "mailto:")):
            return match.group(0)
        file, _, anchor = target.partition("#")
        aimed = (path.parent / file).resolve()
        if not aimed.exists():
            sys.exit(f"{path.relative_to(root)}: the link to {target} leads nowhere")
        if aimed in pages:
            return f"[{label}]({pages[aimed]}{'#' + anchor if anchor else ''})"
        if aimed.suffix == ".yaml" and aimed.parent == root / "blueprints":
            return f"[{label}](built-ins/{aimed.stem}.md)"
        if aimed == root / "README.md":
            return f"[{label}](index.md)"
        if aimed.is_file() and aimed.suffix != ".md":
            kept = Path("files") / aimed.relative_to(root)
            (out / kept).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(aimed, out / kept)
            return f"[{label}]({kept})"
        return label

    lines, code = [], False
    for line in text.splitlines():
        code ^= bool(CODE.match(line.lstrip()))
        lines.append(line if code else LINK.sub(link, line))
    return "\n".join(lines) + "\n"


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def keys(schema):
    """Every key of a blueprint, from the schema that editors use."""
    text = [
        "# Keys of a blueprint",
        "",
        "Made from the [schema](files/docs/schema/blueprint.json) that `ctguard schema blueprint` prints; [Blueprint](blueprint.md) explains the keys with examples.",
        "",
        "| key | value | |",
        "|---|---|---|",
    ]
    rows = []
    walk(schema, schema, "", rows, ())
    text += [f"| `{key}` | {cell(kind)} | {cell(said)} |" for key, kind, said in rows]
    return "\n".join(text) + "\n"


def resolved(node, schema):
    if "$ref" not in node:
        return node, None
    name = node["$ref"].rsplit("/", 1)[1]
    return schema["$defs"][name] | {k: v for k, v in node.items() if k != "$ref"}, name


def kind_of(node, schema):
    node, _ = resolved(node, schema)
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "enum" in node:
        return " or ".join(f"`{one}`" for one in node["enum"])
    for key in ("oneOf", "anyOf"):
        if key in node:
            kinds = dict.fromkeys(kind_of(one, schema) for one in node[key])
            return " or ".join(kinds)
    kind = node.get("type", "any value")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        return f"list of {kind_of(node.get('items', {}), schema)}"
    return {"object": "mapping", "string": "text", "integer": "whole number"}.get(kind, kind)


def walk(node, schema, path, rows, above):
    node, name = resolved(node, schema)
    if name in above:
        return
    above = above + ((name,) if name else ())
    required = node.get("required", [])
    for key, value in node.get("properties", {}).items():
        inner, _ = resolved(value, schema)
        said = inner.get("description", "")
        said = f"{said} Required." if key in required else said
        row = (f"{path}{key}", kind_of(value, schema), said.strip())
        if row not in rows:
            rows.append(row)
        walk(value, schema, f"{path}{key}.", rows, above)
    for key in ("oneOf", "anyOf", "allOf"):
        for one in node.get(key, []):
            walk(one, schema, path, rows, above)
    if isinstance(node.get("items"), dict):
        walk(node["items"], schema, path.removesuffix(".") + "[].", rows, above)
    if isinstance(node.get("additionalProperties"), dict):
        walk(node["additionalProperties"], schema, f"{path}NAME.", rows, above)


def built_ins(files, out):
    out.mkdir()
    index = ["# Built-in blueprints", "", "Each alert of each file. [Built-ins](../blueprints.md) says how to include and omit them.", "", "```{toctree}", ":maxdepth: 1", ""]
    for file in files:
        blueprint = yaml.safe_load(file.read_text())
        index.append(file.stem)
        text = [f"# {blueprint['title']}", "", f"`include: [{{ builtin: {blueprint['id']} }}]`", "", blueprint["why"].strip(), ""]
        text += ["Sources: " + ", ".join(f"<{one}>" for one in blueprint["sources"]), ""]
        for alert in blueprint["alerts"]:
            text += alert_page(alert)
        (out / f"{file.stem}.md").write_text("\n".join(text) + "\n")
    (out / "index.md").write_text("\n".join(index) + "\n```\n")


def alert_page(alert):
    events = [one if isinstance(one, str) else json.dumps(one) for one in alert["events"]]
    rows = [
        ("id", f"`{alert['id']}`"),
        ("risk", alert["risk"]),
        ("events", ", ".join(f"`{one}`" for one in events)),
        ("why", alert["why"]),
        ("next", alert["next"]),
    ]
    for key in ("attack", "controls"):
        if alert.get(key):
            rows.append((key, ", ".join(alert[key])))
    if alert.get("sources"):
        rows.append(("sources", " ".join(f"<{one}>" for one in alert["sources"])))
    return [f"## {alert['title']}", "", "| | |", "|---|---|"] + [f"| {key} | {cell(value)} |" for key, value in rows] + [""]


def cli(program):
    """The help of every verb, as the program prints it at 80 columns."""
    text = ["# The command line", "", "What `ctguard VERB --help` prints.", ""]
    top = helped(program, [])
    text += ["## ctguard", "", "```text", top, "```", ""]
    for verb in verbs(top):
        said = helped(program, [verb])
        text += [f"## ctguard {verb}", "", "```text", said, "```", ""]
        for below in verbs(said):
            text += [f"### ctguard {verb} {below}", "", "```text", helped(program, [verb, below]), "```", ""]
    return "\n".join(text)


def helped(program, words):
    import os

    asked = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"})
    return asked.stdout.rstrip()


def verbs(said):
    part = re.search(r"^Commands:\n((?:  .*\n|\n)+)", said + "\n", re.M)
    found = re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", part.group(1), re.M) if part else []
    return [verb for verb in found if verb != "help"]


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]))
