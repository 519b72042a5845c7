"""Writes the table of docs/blueprints.md from what benches/noise.sh replayed: `noise.py FOLDER PAGE`."""

import json
import pathlib
import re
import sys

START, END = "<!-- noise: made by `make noise` -->\n", "<!-- end of noise -->\n"


def counts(report):
    return {alert["id"]: alert for alert in json.loads(report.read_text())["alerts"]}


def table(folder, blueprints):
    ordinary = counts(folder / "ordinary.json")
    events = json.loads((folder / "ordinary.json").read_text())["events"]
    lines = [
        f"Of {events:,} records in 30 days:",
        "",
        "| built-in | alert | risk | in the ordinary month | in the attack |",
        "|---|---|---|---|---|",
    ]
    for blueprint in blueprints:
        attack = counts(folder / f"{blueprint.stem}.json")
        ids = re.findall(r"^  - id: (\S+)", blueprint.read_text(), re.M)
        for alert in sorted(ids, key=lambda alert: -ordinary[alert]["count"]):
            usual, raised = ordinary[alert]["count"], attack[alert]["count"]
            lines.append(
                f"| `{blueprint.stem}` | `{alert}` | {ordinary[alert]['risk']} | {usual or 'never'} | {raised or 'not'} |"
            )
    return "\n".join(lines) + "\n"


def main():
    folder, page = map(pathlib.Path, sys.argv[1:])
    text = page.read_text()
    before, rest = text.split(START)
    _, after = rest.split(END)
    blueprints = sorted(pathlib.Path("blueprints").glob("*.yaml"))
    page.write_text(f"{before}{START}\n{table(folder, blueprints)}\n{END}{after}")


main()
