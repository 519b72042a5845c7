"""Reads with boto3 what `ctguard plan` reads, and compares nothing: the least that such a script takes.

    read_all.py BLUEPRINT REGION... [--accounts ACCOUNT...]

Accounts that are named send to a hub: the role `ctguard` is assumed in each, and they have no topic, and no trail
that is kept.
"""

import sys

import boto3

calls = 0
seen = {}


def count(**_):
    global calls
    calls += 1


def client(session, service, region):
    made = session.client(service, region_name=region)
    made.meta.events.register("before-send", count)
    return made


def assumed(session, account, region):
    """A session of another account."""
    role = f"arn:aws:iam::{account}:role/ctguard"
    sts = client(session, "sts", region)
    found = sts.assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"]
    return boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def read_role(session, region, blueprint):
    iam, role = client(session, "iam", region), f"ctguard-{blueprint}"
    found = [iam.get_role(RoleName=role)]
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            found.append(iam.get_role_policy(RoleName=role, PolicyName=name))
    return found


def read_topic(session, region, account, prefix):
    sns = client(session, "sns", region)
    topic = f"arn:aws:sns:{region}:{account}:{prefix}secops"
    seen[region, "topic"] = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for subscription in page["Subscriptions"]:
            arn = subscription["SubscriptionArn"]
            seen[arn] = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


def read_bucket(session, region, name):
    s3, bucket = client(session, "s3", region), {"Bucket": name}
    return [
        s3.head_bucket(**bucket),
        s3.get_public_access_block(**bucket),
        s3.get_bucket_versioning(**bucket),
        s3.get_bucket_encryption(**bucket),
        s3.get_bucket_ownership_controls(**bucket),
        s3.get_bucket_policy(**bucket),
        s3.get_bucket_lifecycle_configuration(**bucket),
        s3.get_bucket_tagging(**bucket),
    ]


def read(session, account, region, blueprint, sends):
    prefix = f"ctguard-{blueprint}-"
    events = client(session, "events", region)
    for page in events.get_paginator("list_rules").paginate(NamePrefix=prefix):
        for rule in page["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            seen[account, region, rule["Name"]] = rule, targets
    tagging = client(session, "resourcegroupstaggingapi", region)
    filters = [{"Key": "ctguard:blueprint", "Values": [blueprint]}]
    for page in tagging.get_paginator("get_resources").paginate(TagFilters=filters):
        seen[account, region, "tags"] = page["ResourceTagMappingList"]
    if not sends:
        read_topic(session, region, account, prefix)
    sqs = client(session, "sqs", region)
    for name in ("targets",) if sends else ("targets", "subscriptions"):
        queue = sqs.get_queue_url(QueueName=prefix + name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
        seen[queue] = attributes["Attributes"]
    cloudtrail = client(session, "cloudtrail", region)
    for trail in cloudtrail.describe_trails()["trailList"]:
        arn = trail["TrailARN"]
        seen[account, region, arn] = trail, cloudtrail.get_trail_status(Name=arn)
        if trail["HomeRegion"] == region:
            seen[arn] = cloudtrail.get_event_selectors(TrailName=arn)
            if not sends:
                seen[arn, "tags"] = cloudtrail.list_tags(ResourceIdList=[arn])
                seen["bucket"] = read_bucket(session, region, trail["S3BucketName"])


def main():
    blueprint, *regions = sys.argv[1:]
    accounts = []
    if "--accounts" in regions:
        at = regions.index("--accounts")
        regions, accounts = regions[:at], regions[at + 1 :]
    own = boto3.Session()
    caller = client(own, "sts", regions[0]).get_caller_identity()["Account"]
    for account in accounts or [caller]:
        session = own
        if accounts:
            session = assumed(own, account, regions[0])
            seen[account, "role"] = read_role(session, regions[0], blueprint)
        for region in regions:
            read(session, account, region, blueprint, sends=bool(accounts))
    print(calls)


main()
