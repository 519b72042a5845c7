"""Holds exported folders against cfn-lint, cloudformation-validate, checkov and ShellCheck.

What a validator finds is an error here unless EXPLAINED says why it stays.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from cloudformation_validate import CompositeEngine

HERE = pathlib.Path(__file__).parent
CTGUARD, BIN = sys.argv[1], pathlib.Path(sys.argv[2])

# By tool and rule: why a finding is none.
EXPLAINED = {
    ("cfn-lint", "W2511"): "the policy of a topic begins with the statement that SNS itself gives it, in SNS's version",
    ("cloudformation-validate", "W2511"): "the same",
    ("cloudformation-validate", "W9002"): "an ARN is named as `plan` expects it, and may be of another stack",
    ("cloudformation-validate", "W9013"): "the hub's account, which is another than the stack's",
    ("checkov", "CKV_AWS_26"): "a key is the blueprint's choice (`kms_key`): one that does not admit EventBridge loses the alerts",
    ("checkov", "CKV_AWS_27"): "the queues are encrypted by SQS's own keys (SqsManagedSseEnabled), which this check does not count",
    ("checkov", "CKV_AWS_18"): "the bucket's own access log is the user's to want; CloudTrail's data events tell more",
    ("checkov", "CKV_AWS_35"): "a key for the trail is the blueprint's choice (`trail.kms_key`)",
}


def folder(name, blueprint, work):
    """Exports a blueprint; with an organization from a sandbox."""
    out = work / name
    line = [CTGUARD, "export", "cloudformation", str(HERE / blueprint), "--out", str(out), "--quiet"]
    if name == "organization":
        sandbox = work / "account.json"
        ids = ["111122223333", "222233334444", "333344445555", "444455556666", "555566667777"]
        accounts = [word for account in ids for word in ("--account", account)]
        new = ["sandbox", "new", "--bare", "--organization", *accounts]
        run([CTGUARD, "--sandbox", str(sandbox), *new])
        line += ["--sandbox", str(sandbox)]
    run(line)
    return out


def run(line, **more):
    env = dict(os.environ, AWS_EC2_METADATA_DISABLED="true")
    return subprocess.run(line, check=True, capture_output=True, text=True, env=env, **more)


def regions(out):
    stacks = json.loads((out / "stacks.json").read_text())["stacks"]
    return sorted({region for one in stacks for part in one["instances"] for region in part["regions"]})


def cfn_lint(templates, out):
    line = [BIN / "cfn-lint", "--format", "json", "--regions", *regions(out), "--", *templates]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    for one in json.loads(done.stdout or "[]"):
        yield one["Rule"]["Id"], one["Filename"], one["Message"]


def cloudformation_validate(templates, _):
    engine = CompositeEngine()
    for template in templates:
        for one in engine.validate_template(str(template)).diagnostics:
            if one.severity.name != "INFO":
                yield one.rule_id, template.name, one.message


def checkov(templates, out):
    line = [BIN / "checkov", "--directory", out / "templates", "--framework", "cloudformation"]
    line += ["--output", "json", "--quiet", "--compact", "--skip-download"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    seen = report["summary"]
    if seen["parsing_errors"] or not seen["passed"]:
        raise SystemExit(f"checkov read nothing: {seen}")
    for one in report["results"]["failed_checks"]:
        yield one["check_id"], one["file_path"], one["resource"]


def main():
    failed, told = 0, set()
    with tempfile.TemporaryDirectory() as work:
        for name in ("one", "organization"):
            out = folder(name, f"{name}.yaml", pathlib.Path(work))
            templates = sorted((out / "templates").glob("*.json"))
            assert len(templates) > 1, templates
            run([BIN / "shellcheck", out / "deploy.sh", out / "remove.sh"])
            for tool in (cfn_lint, cloudformation_validate, checkov):
                title = tool.__name__.replace("_", "-")
                for rule, where, what in tool(templates, out):
                    if (title, rule) in EXPLAINED:
                        told.add((title, rule))
                        continue
                    failed += 1
                    print(f"{title} {rule} {where}: {what}", file=sys.stderr)
            print(f"{name}: {len(templates)} templates, largest {max(t.stat().st_size for t in templates)} bytes")
    if failed:
        raise SystemExit(f"{failed} findings that nobody explained")
    stale = set(EXPLAINED) - told
    if stale:
        raise SystemExit(f"explained, and found by none: {sorted(stale)}")
    print(f"validators: nothing but what is explained ({len(told)} rules)")


main()
