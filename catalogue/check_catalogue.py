#!/usr/bin/env python3
"""Check the catalogue's files against what their readers rely on.

    python check_catalogue.py [OLD_EVENTS_TSV]

Prints one line a fault and exits 1 if there is one. With an older events.tsv (six or seven
columns), a row that it had and the new one lacks is a fault, too.
"""
import csv
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLUMNS = "event_source event_name access kinds region evidence source_evidence".split()
KINDS = {"api", "console", "data", "insight", "network", "service", "signin"}
REGIONS = {"-", "us-east-1", "us-west-2", "endpoint", "signin"}
EVENTS, EVENTS_V2 = "events.amazonaws.com", "eventsv2.amazonaws.com"
# Operations that EventBridge's Custom Event Bus has and the classic bus has not.
ONLY_V2 = """CreateEventSource CreateSubscriber DeleteEventSource DeleteResourcePolicy
DeleteSubscriber DescribeSubscriber GetResourcePolicy ListResourcePolicies ListSubscribers
PutRawEvents PutResourcePolicy RevokeResource UpdateEventSource UpdateSubscriber""".split()


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def check_events(rows):
    header, *rows = rows
    if header != COLUMNS:
        yield f"events.tsv: the header is {header}"
    keys = [tuple(r[:2]) for r in rows]
    if keys != sorted(set(keys)):
        yield "events.tsv: rows are not sorted, or not unique"
    by_source = {}
    for row in rows:
        where = ":".join(row[:2])
        if len(row) != len(COLUMNS):
            yield f"{where}: {len(row)} columns"
            continue
        source, name, access, kinds, region, evidence, source_evidence = row
        kinds, letters = kinds.split(","), evidence.split(",")
        if not name or not source.endswith(".amazonaws.com"):
            yield f"{where}: not an event source and a name"
        if access not in {"R", "W", "RW"}:
            yield f"{where}: access {access}"
        if kinds != sorted(set(kinds) & KINDS):
            yield f"{where}: kinds {kinds}"
        if len(letters) != len(kinds) or not set(letters) <= set("dbavriu"):
            yield f"{where}: evidence {evidence} for {kinds}"
        if region not in REGIONS or source_evidence not in set("ptrs"):
            yield f"{where}: region {region}, source evidence {source_evidence}"
        if by_source.setdefault(source, row[4::2]) != row[4::2]:
            yield f"{where}: region and source evidence differ within the source"


def check_split(keys):
    for name in ONLY_V2:
        if (EVENTS, name) in keys or (EVENTS_V2, name) not in keys:
            yield f"{name}: belongs to {EVENTS_V2} alone"


def check_renames(rows, keys):
    header, *rows = rows
    if header != "event_source api_or_iam_name event_name mode logged_source".split():
        yield f"renames.tsv: the header is {header}"
    if rows != sorted(rows):
        yield "renames.tsv: rows are not sorted"
    modes = {}
    for source, written, name, mode, logged in rows:
        if modes.setdefault((source, written), mode) != mode:
            yield f"rename {source}:{written}: both modes"
        if mode not in {"also", "instead"}:
            yield f"rename {source}:{written}: mode {mode}"
        if (logged, name) not in keys:
            yield f"rename {source}:{written}: {logged}:{name} is no event"
        if mode == "instead" and (source, written) in keys:
            yield f"rename {source}:{written}: instead, but it is an event"


def check_network(lines):
    sources = [line for line in lines if not line.startswith("#")]
    if sources != sorted(set(sources)):
        yield "network_sources.txt: not sorted, or not unique"
    for source in sources:
        if not source.endswith(".amazonaws.com"):
            yield f"network_sources.txt: {source}"


def check_readme(text, keys):
    counts = f"{len(keys):,} events, {len({s for s, _ in keys})} event sources"
    if counts not in text:
        yield f"README.md: does not say {counts}"


def check_kept(old, keys):
    for row in old[1:]:
        key = tuple(row[:2])
        moved = key[0] == EVENTS and key[1] in ONLY_V2
        if key not in keys and not moved:
            yield f"{':'.join(key)}: was in the older catalogue"


def main():
    events = read(HERE / "events.tsv")
    keys = {tuple(r[:2]) for r in events[1:]}
    faults = [
        *check_events(events),
        *check_split(keys),
        *check_renames(read(HERE / "renames.tsv"), keys),
        *check_readme((HERE / "README.md").read_text(encoding="utf-8"), keys),
        *check_network((HERE / "network_sources.txt").read_text(encoding="utf-8").splitlines()),
    ]
    for path in sys.argv[1:]:
        faults += check_kept(read(path), keys)
    for fault in faults:
        print(fault)
    print(f"{len(keys)} events, {len({s for s, _ in keys})} sources, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
