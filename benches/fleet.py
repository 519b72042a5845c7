"""Measures ctguard over many accounts with one hub, against a stub that answers as AWS does.

    fleet.py CTGUARD STUB PYTHON-WITH-BOTO3

The stub (benches/stub) answers after a set time and throttles above the rates that AWS documents, so that wall time is
ctguard's own affair here: the floor is what the calls take when as many as allowed are always in flight. CPU and
memory are the process's own, as the kernel tells them when it ends. These set the size:

    CTGUARD_BENCH_ACCOUNTS        accounts, the hub's included (1000)
    CTGUARD_BENCH_REGIONS         regions, of the 17 that are enabled by default (17)
    CTGUARD_BENCH_LATENCY_MS      how long every call takes (20)
    CTGUARD_BENCH_BOTO3_ACCOUNTS  accounts beside the hub's that the boto3 script reads (5)
    CTGUARD_BENCH_OLDER           another ctguard, run in turns with this one, and compared with it
    CTGUARD_BENCH_ROUNDS          how often each is run (1; with another ctguard 3)
    CTGUARD_BENCH_FEWER           another size, in accounts, that is run as well: what memory grows by with each place
"""

import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from measure import OWN, REGIONS, RULES, run

HUB = "111122223333"
FIRST_OTHER = 200_000_000_001
ORGANIZATION = "o-fleetbench"
# As many calls as ctguard keeps in flight.
IN_FLIGHT = 32
# How many calls a second ctguard makes to Organizations, and how many before that counts (crates/ctguard-aws/src/pace.rs).
LISTING_RATE, LISTING_AT_ONCE = 4, 8

BLUEPRINT = """\
version: 1
name: bench
accounts: [{{ organization: {{ role: ctguard }} }}]
hub: {{ account: "{hub}", region: {home}, organization: {organization} }}
regions: [{regions}]
destinations:
  secops: {{ topic: secops, format: text, subscribers: [{{ email: secops@acme.example }}] }}
routes: {{ critical: [secops], high: [secops], medium: [secops], low: [] }}
include: [{{ builtin: account-security }}]
alerts:
"""


def setting(name, default):
    return int(os.environ.get(f"CTGUARD_BENCH_{name}") or default)


class Stub:
    """A running stub, told to stop at the end."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen(
            [program, *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            sys.exit(f"{program} ended with {self.process.wait()}")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, what):
        with self.opener.open(f"{self.url}/-/{what}") as answer:
            return json.load(answer)


def environment(url, account, region):
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": f"AKIA{account}",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def measured(stub, *command, env):
    """Runs a program, and says what it took and what it asked."""
    stub.ask("reset")
    took = run(*command, env=env)
    totals = stub.ask("totals")
    if totals["unknown"]:
        sys.exit(f"{command} asked what the stub does not know: {totals['unknown']}")
    return took, totals


def row(name, runs, totals, latency, in_flight):
    """A row of the table: the run of least CPU."""
    took = min(runs, key=lambda run: run.cpu)
    calls = sum(totals["calls"].values())
    floor = max(totals["quota_seconds"], calls * latency / in_flight)
    # The accounts are known when the last page of them is, and nothing else can be read before.
    asked = sum(n for call, n in totals["calls"].items() if call.startswith("organizations:"))
    listing = max(0, asked - LISTING_AT_ONCE) / LISTING_RATE
    print(
        f"| {name} | {calls:,} | {floor:.1f} s | {listing:.1f} s | {took.wall:.1f} s | {took.wall / floor:.2f} "
        f"| {took.wall / (floor + listing):.2f} | {took.cpu:.1f} s | {took.cpu / calls * 1000:.3f} ms | {took.peak:.0f} MiB "
        f"| {sum(totals['throttled'].values())} | {totals['most_in_flight']} |"
    )


def compared(verb, runs, calls):
    """The lines that say what the other ctguard took, round by round."""
    each = [[run.cpu / calls * 1000 for run in runs[name]] for name in ("ctguard", "older")]
    ratios = [new / old for new, old in zip(*each)]
    for name, found in zip(("this", "older"), each):
        print(f"  {verb}, {name:<6}" + " ".join(f"{ms:.3f}" for ms in found) + " ms of CPU a call")
    print(
        f"  {verb}, this ÷ older: {min(each[0]) / min(each[1]):.2f} of the least,"
        f" {statistics.median(ratios):.2f} in the median round"
    )


def main():
    ctguard, program, python = sys.argv[1:]
    accounts, latency = setting("ACCOUNTS", 1000), setting("LATENCY_MS", 20)
    regions = REGIONS[: setting("REGIONS", 17)]
    with tempfile.TemporaryDirectory() as folder:
        blueprint = pathlib.Path(folder, "ctguard.yaml")
        text = BLUEPRINT.format(
            hub=HUB, home=regions[0], organization=ORGANIZATION, regions=", ".join(regions)
        )
        # The built-in alerts are 14.
        blueprint.write_text(text + "".join(OWN.format(n=n) for n in range(RULES - 14)))
        with Stub(program, blueprint, accounts, latency) as stub:
            peaks = compare(stub, ctguard, python, blueprint, accounts, regions, latency / 1000)
        if fewer := setting("FEWER", 0):
            with Stub(program, blueprint, fewer, latency) as stub:
                grown(stub, ctguard, blueprint, regions, (accounts, fewer), peaks)


def both(ctguard):
    """This ctguard, and the other one that it is compared with."""
    older = os.environ.get("CTGUARD_BENCH_OLDER")
    return {"ctguard": ctguard} | ({"older": older} if older else {})


def once(stub, program, verb, blueprint, regions):
    flags = ["--detailed-exitcode"] if verb == "plan" else []
    env = environment(stub.url, HUB, regions[0])
    return measured(stub, program, verb, "--quiet", *flags, blueprint, env=env)


def grown(stub, ctguard, blueprint, regions, sizes, peaks):
    """The lines that say what memory grows by: two sizes tell it from what a run takes in any case."""
    more, fewer = sizes
    places = (more - fewer) * len(regions)
    print(f"\nhighest memory, {fewer:,} and {more:,} accounts:")
    each = {}
    for verb in ("plan", "verify"):
        for name, program in both(ctguard).items():
            took, _ = once(stub, program, verb, blueprint, regions)
            large = peaks[verb][name]
            each[verb, name] = (large - took.peak) * 1024 / places
            print(f"  {verb}, {name:<7} {took.peak:.1f} and {large:.1f} MiB, {each[verb, name]:.1f} KiB a place")
        if (verb, "older") in each:
            print(f"  {verb}, this ÷ older: {each[verb, 'ctguard'] / each[verb, 'older']:.2f}")


def compare(stub, ctguard, python, blueprint, accounts, regions, latency):
    print(
        f"\n{accounts:,} accounts × {len(regions)} regions, {RULES} alerts, one hub, in sync; "
        f"{latency * 1000:.0f} ms a call, {IN_FLIGHT} in flight; "
        f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
    )
    print("| | calls | floor | listing accounts | wall | wall ÷ floor | wall ÷ (floor + listing) | CPU | CPU a call | highest memory | throttled | most in flight |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    programs = both(ctguard)
    older = programs.get("older")
    asked, taken = {}, {}
    for verb in ("plan", "verify"):
        runs, found = {name: [] for name in programs}, {}
        for _ in range(setting("ROUNDS", 3 if older else 1)):
            for name, which in programs.items():
                took, found[name] = once(stub, which, verb, blueprint, regions)
                runs[name].append(took)
        for name in programs:
            row(f"`{name} {verb}`", runs[name], found[name], latency, IN_FLIGHT)
        asked[verb], taken[verb] = collections.Counter(found["ctguard"]["calls"]), runs

    others = [str(FIRST_OTHER + n) for n in range(min(accounts - 1, setting("BOTO3_ACCOUNTS", 5)))]
    if others:
        script = pathlib.Path(__file__).with_name("read_all.py")
        took, totals = measured(
            stub, python, str(script), "bench", *regions, "--accounts", *others,
            env=environment(stub.url, HUB, regions[0]),
        )
        row(f"boto3, {len(others)} accounts, one call at a time", [took], totals, latency, 1)

    if older:
        print()
        for verb, runs in taken.items():
            compared(verb, runs, sum(asked[verb].values()))
    print(f"\nload after: {os.getloadavg()[0]:.1f}")
    print("\ncalls of a plan, what a verify makes beside them, and what that is for each account and region:")
    places = accounts * len(regions)
    for operation in sorted(asked["plan"] | asked["verify"]):
        count, more = asked["plan"][operation], asked["verify"][operation] - asked["plan"][operation]
        print(f"  {operation:<40}{count:>9,}{more:>+9,}{count / places:>9.2f}")
    return {verb: {name: max(run.peak for run in all) for name, all in runs.items()} for verb, runs in taken.items()}


if __name__ == "__main__":
    main()
