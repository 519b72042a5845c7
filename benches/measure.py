"""Measures ctguard and a boto3 script on the same account of an emulator, in turns.

    measure.py CTGUARD PYTHON-WITH-BOTO3

Own CPU is user and system time of the process, memory its highest resident size, both as the kernel tells
them when it ends. Wall time is the emulator's more than anybody's: it answers some hundred calls a second.
"""

import collections
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUNDS = 9
ACCOUNT = "310000000001"
HOME = "us-east-1"
REGIONS = (
    "us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-central-1 eu-north-1 eu-west-1 "
    "eu-west-2 eu-west-3 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2"
).split()
RULES = 20

BLUEPRINT = f"""\
version: 1
name: bench
regions: [{", ".join(REGIONS)}]
trail: {{ name: bench-management, bucket: bench-logs-{ACCOUNT}, home_region: {HOME} }}
destinations:
  secops: {{ topic: secops, format: text, subscribers: [{{ email: secops@acme.example }}] }}
routes: {{ critical: [secops], high: [secops], medium: [secops], low: [] }}
include: [{{ builtin: account-security }}]
"""
# The built-in alerts are 14.
OWN = """\
  - {{ id: own-{n}, title: Own {n}, risk: high, events: ["kms:ScheduleKeyDeletion"], why: w, next: n,
      where: {{ userIdentity.userName: [user-{n}] }} }}
"""

Run = collections.namedtuple("Run", "cpu wall peak out err")


def run(*command, env, expect=0):
    """Runs a program to its end and says what it took."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = time.perf_counter()
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
    if expect is not None and process.returncode != expect:
        sys.exit(f"{command} ended with {process.returncode}, not {expect}\n{texts[0]}\n{texts[1]}")
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, *texts)


def tag_trail(url):
    """The emulator drops the tags that a trail is made with."""
    body = {
        "ResourceId": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/bench-management",
        "TagsList": [
            {"Key": "ctguard:blueprint", "Value": "bench"},
            {"Key": "ctguard:version", "Value": "1"},
        ],
    }
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {
            "authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{HOME}/cloudtrail/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.AddTags",
        },
    )
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read()


def row(name, runs, calls):
    cpu = [run.cpu for run in runs]
    print(
        f"  {name:<28}{statistics.median(cpu):>8.3f} s{min(cpu):>8.3f} s"
        f"{statistics.median(run.wall for run in runs):>8.2f} s"
        f"{max(run.peak for run in runs):>8.1f} MiB{calls:>8}"
    )
    return statistics.median(cpu)


def main():
    ctguard, python = sys.argv[1:]
    url = os.environ["CTGUARD_TEST_MINISTACK_URL"]
    env = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": HOME,
        "AWS_DEFAULT_REGION": HOME,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    with tempfile.TemporaryDirectory() as folder:
        blueprint = pathlib.Path(folder, "ctguard.yaml")
        blueprint.write_text(BLUEPRINT + "alerts:\n" + "".join(OWN.format(n=n) for n in range(RULES - 14)))
        builtin = pathlib.Path(folder, "builtin.yaml")
        builtin.write_text(BLUEPRINT)

        # The first apply leaves a trail that looks like a stranger's; the tags make it ours.
        run(ctguard, "apply", "--yes", "--quiet", blueprint, env=env, expect=5)
        tag_trail(url)
        first = run(ctguard, "-v", "plan", "--quiet", "--detailed-exitcode", blueprint, env=env)
        calls = collections.Counter(re.findall(r'operation="([^"]+)"', first.err))

        script = pathlib.Path(__file__).with_name("read_all.py")
        read = [python, str(script), "bench", *REGIONS]
        runs = {"validate": [], "plan": [], "boto3": []}
        for _ in range(ROUNDS):
            runs["validate"].append(run(ctguard, "validate", "--quiet", builtin, env=env))
            runs["plan"].append(
                run(ctguard, "plan", "--quiet", "--detailed-exitcode", blueprint, env=env)
            )
            runs["boto3"].append(run(*read, env=env))
        boto3_calls = int(runs["boto3"][0].out)

    print(f"\n{len(REGIONS)} regions, {RULES} rules each, in sync; {ROUNDS} rounds in turns")
    print(f"  {'':<28}{'CPU median':>10}{'least':>10}{'wall':>10}{'peak':>12}{'calls':>8}")
    row("ctguard validate", runs["validate"], 0)
    own = row("ctguard plan", runs["plan"], sum(calls.values()))
    other = row("boto3, one call at a time", runs["boto3"], boto3_calls)
    print(f"\nctguard plan: {own / sum(calls.values()) * 1000:.2f} ms of CPU a call, {other / own:.1f} times less in all than boto3")
    for operation, count in sorted(calls.items()):
        print(f"  {operation:<36}{count:>5}")


if __name__ == "__main__":
    main()
