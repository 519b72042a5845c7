#!/usr/bin/env python3
"""Measure a model on CloudTrail records: how often it would warn wrongly, how much it tells.

    python measure_requests.py [--responses] [--verbose] [--levels=N] FOLDER…

Measures requests.txt, or with `--responses` responses.txt.

Reads every JSON file below each folder (a record, a list, `{"Records": [...]}`, or one record a
line, also within other JSON). Each path of `requestParameters` (or of `responseElements`),
two levels deep (or N), is real: a warning about it is false. `items` and the wrappers of EC2 do not
count as levels. Each path is then
made wrong in four ways; those that the model warns about are told.
"""
import json
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ANY_REQUEST = {"omitted", "originalSize", "reason"}


class Model:
    """A model, followed as crates/ctguard-core/src/record/request.rs does."""

    def __init__(self, path):
        self.events, self.objects = {}, {}
        source = None
        for line in path.read_text().splitlines():
            kind, _, rest = line.partition("\t")
            if kind == "!":
                source = rest
                self.objects[source] = []
            elif kind == "@":
                self.objects[source].append(rest.split("\t"))
            elif kind == "=":
                name, *parts = rest.split("\t")
                self.events[source, name] = parts

    def step(self, source, parts):
        """The members in a line, by name, and whether they are all."""
        return dict(part.rsplit(":", 1) for part in parts[1:] if part), "c" in parts[0]

    def warns(self, record, path):
        """Whether a condition on this path would be warned about."""
        source = record["eventSource"]
        parts = self.events.get((source, record["eventName"]))
        if parts is None or "h" not in parts[0] or path[0] in ANY_REQUEST:
            return False
        members, closed = self.step(source, parts)
        in_map = False
        for name in path:
            if in_map:
                in_map = False
                continue
            if name not in members:
                return closed
            kind = members[name].partition("%")[0]
            form, _, number = kind.partition("@")
            in_map = form[0] == "m"
            if number:
                members, closed = self.step(source, self.objects[source][int(number)])
            else:
                members, closed = {}, form[-1] not in "olma"
        return False


def records_in(value):
    if isinstance(value, list):
        for item in value:
            yield from records_in(item)
    elif isinstance(value, dict):
        if "eventName" in value and "eventSource" in value:
            yield value
        else:
            for item in value.values():
                yield from records_in(item)


def read(path):
    text = path.read_text(errors="replace")
    try:
        return list(records_in(json.loads(text)))
    except ValueError:
        found = []
        for line in text.splitlines():
            try:
                found.extend(records_in(json.loads(line)))
            except ValueError:
                continue
        return found


def paths_of(value, levels, at=()):
    """The paths in an object; arrays are looked into as EventBridge does."""
    if isinstance(value, list):
        for item in value:
            yield from paths_of(item, levels, at)
    elif isinstance(value, dict):
        for name, inner in value.items():
            free = name in ("item", "items") or (not at and name.endswith(("Request", "Response")))
            left = levels if free else levels - 1
            yield (*at, name)
            if left > 0 or free:
                yield from paths_of(inner, left, (*at, name))


def wrong_ones(path, real):
    """The path made wrong: (how, path)."""
    *parent, name = path
    first = name[:1].swapcase() + name[1:]
    middle = len(name) // 2
    typo = name[:middle - 1] + name[middle] + name[middle - 1] + name[middle + 1:]
    number = name[:-1] if name.endswith("s") else name + "s"
    if parent:
        elsewhere = (name,)
    else:
        tops = sorted({other[0] for other in real if other[0] != name})
        elsewhere = (tops[0] if tops else "parameters", name)
    made = {"case": (*parent, first), "typo": (*parent, typo), "plural": (*parent, number),
            "parent": elsewhere}
    return [(how, wrong) for how, wrong in made.items() if wrong not in real]


def main():
    verbose = "--verbose" in sys.argv
    levels = next((int(at.split("=")[1]) for at in sys.argv if at.startswith("--levels=")), 2)
    responses = "--responses" in sys.argv
    model = Model(HERE / ("responses.txt" if responses else "requests.txt"))
    field = "responseElements" if responses else "requestParameters"
    real, false, wrong, told = Counter(), Counter(), Counter(), Counter()
    seen, silent, misses = Counter(), Counter(), Counter()
    for folder in [name for name in sys.argv[1:] if not name.startswith("-")]:
        for path in sorted(Path(folder).rglob("*.json*")):
            for record in read(path):
                parameters = record.get(field)
                if not isinstance(parameters, dict) or not parameters:
                    continue
                service = record["eventSource"].partition(".")[0]
                seen[service] += 1
                found = set(paths_of(parameters, levels))
                for at in sorted(found):
                    real[service] += 1
                    if model.warns(record, at):
                        false[service] += 1
                        key = f"{service}:{record['eventName']} {'.'.join(at)}"
                        misses["false  " + key] += 1
                    for how, bad in wrong_ones(at, found):
                        wrong[how] += 1
                        if model.warns(record, bad):
                            told[how] += 1
                        else:
                            silent[f"{service}:{record['eventName']} {how} {'.'.join(bad)}"] += 1
    paths, mistakes = sum(real.values()), sum(wrong.values())
    if not paths:
        sys.exit(f"no record with {field}")
    warned, noticed = sum(false.values()), sum(told.values())
    print(f"{sum(seen.values())} records, {paths} paths of {len(seen)} services")
    print(f"warned about wrongly: {warned} = {warned / paths:.2%}")
    print(f"wrong ones told: {noticed} of {mistakes} = {noticed / mistakes:.1%}")
    print("  " + ", ".join(f"{how} {told[how] / wrong[how]:.1%}" for how in wrong))
    for name in sorted(seen):
        print(f"  {name}: {seen[name]} records, {real[name]} paths, {false[name]} false")
    if verbose:
        for line, count in sorted(misses.items()):
            print(f"{line} ({count})")
        for line, count in sorted(silent.items()):
            print(f"silent {line} ({count})")


if __name__ == "__main__":
    main()
