"""Deploys an exported folder with an emulator's CloudFormation, and has ctguard compare.

What the emulator does not have is named: the plan may differ in nothing else.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import boto3
from botocore.exceptions import ClientError

HERE = pathlib.Path(__file__).parent
CTGUARD = sys.argv[1]
URL = os.environ["CTGUARD_TEST_MINISTACK_URL"]
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_ENDPOINT_URL": URL,
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
# Resource types that ministack's CloudFormation does not have.
MISSING = {"AWS::CloudTrail::Trail"}
BUCKET = "templates-of-an-export"
# What a lifecycle rule of a template says.
LIFECYCLE = ["AbortIncompleteMultipartUpload", "Id", "NoncurrentVersionExpiration", "Prefix", "Status"]
PATIENCE = 600  # looks at a stack that is being made


def client(service, region):
    return boto3.client(service, region_name=region, endpoint_url=URL)


def without(template, types):
    """A template without resources of some types, and without waiting for them."""
    resources = template["Resources"]
    gone = {name for name, one in resources.items() if one["Type"] in types}
    kept = {name: one for name, one in resources.items() if name not in gone}
    for one in kept.values():
        if "DependsOn" in one:
            one["DependsOn"] = [name for name in one["DependsOn"] if name not in gone]
    return {**template, "Resources": kept}


def create(name, region, body):
    """Makes a stack; returns how it ended."""
    storage = client("s3", "us-east-1")
    key = f"{name}-{region}.json"
    storage.put_object(Bucket=BUCKET, Key=key, Body=body)
    formation = client("cloudformation", region)
    formation.create_stack(
        StackName=name, TemplateURL=f"{URL}/{BUCKET}/{key}", Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    for _ in range(PATIENCE):
        stack = formation.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.1)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        why = [one.get("ResourceStatusReason") for one in events if "FAILED" in one["ResourceStatus"]]
        raise SystemExit(f"{name} in {region}: {stack['StackStatus']}: {why}")


def deploy(folder):
    """Deploys every stack; returns the types that the emulator does not know."""
    unknown = set()
    client("s3", "us-east-1").create_bucket(Bucket=BUCKET)
    for stack in json.loads((folder / "stacks.json").read_text())["stacks"]:
        template = json.loads((folder / stack["template"]).read_text())
        for part in stack["instances"]:
            assert part["by"] == "own-stack", part
            for region in part["regions"]:
                try:
                    create(stack["name"], region, json.dumps(template))
                except ClientError as error:
                    named = re.search(r"Unrecognized resource types: \[([^\]]*)\]", str(error))
                    if not named:
                        raise
                    types = set(named[1].split(", "))
                    unknown |= types
                    create(stack["name"], region, json.dumps(without(template, types)))
    return unknown


def finish_buckets(folder):
    """Gives the buckets what ministack's CloudFormation leaves out of their templates: tags, and lifecycle rules."""
    storage = client("s3", "us-east-1")
    tagged = 0
    for path in (folder / "templates").glob("*.json"):
        for one in json.loads(path.read_text())["Resources"].values():
            if one["Type"] != "AWS::S3::Bucket":
                continue
            bucket, tags = one["Properties"]["BucketName"], one["Properties"]["Tags"]
            try:
                there = storage.get_bucket_tagging(Bucket=bucket)["TagSet"]
            except ClientError:
                there = []
            if there:
                raise SystemExit(f"the emulator tags buckets now: {there}; take finish_buckets out")
            storage.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
            rules = one["Properties"]["LifecycleConfiguration"]["Rules"]
            assert [sorted(rule) for rule in rules] == [sorted(LIFECYCLE)], rules
            # The API spells one of the names otherwise.
            written = [{("ID" if key == "Id" else key): value for key, value in rule.items()} for rule in rules]
            storage.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": written})
            tagged += 1
    assert tagged == 1, tagged


def plan():
    line = [CTGUARD, "plan", str(HERE / "one.yaml"), "--format", "json", "--no-culprit", "--quiet"]
    done = subprocess.run(line, env={**os.environ, **SETTINGS}, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):
        raise SystemExit(f"plan ends with {done.returncode}\n{done.stdout[:3000]}\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)


def main():
    os.environ.update(SETTINGS)
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work) / "export"
        line = [CTGUARD, "export", "cloudformation", str(HERE / "one.yaml"), "--out", str(folder), "--quiet"]
        subprocess.run(line, check=True, capture_output=True)
        before = plan()
        unknown = deploy(folder)
        finish_buckets(folder)
    if unknown != MISSING:
        raise SystemExit(f"the emulator does not have {sorted(unknown)}, expected {sorted(MISSING)}")
    after = plan()
    if after["refusals"] or after["unknown"]:
        raise SystemExit(f"refused or unknown: {after['refusals']} {after['unknown']}")
    kinds = {change["address"]["kind"] for change in after["changes"]}
    if kinds - {"trail"}:
        wrong = [change for change in after["changes"] if change["address"]["kind"] != "trail"]
        raise SystemExit(f"the plan after the deployment is not empty: {json.dumps(wrong, indent=1)[:6000]}")
    print(f"ministack: {len(before['changes'])} changes before, {len(after['changes'])} after: the trail, which its CloudFormation does not have")
    if not before["changes"] or len(after["changes"]) != 1:
        raise SystemExit("the comparison says nothing")


main()
