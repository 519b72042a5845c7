"""Reads with boto3 what `ctguard plan` reads, and compares nothing: the least that such a script takes.

    read_all.py BLUEPRINT REGION...
"""

import sys

import boto3

calls = 0


def count(**_):
    global calls
    calls += 1


blueprint, *regions = sys.argv[1:]
session = boto3.Session()
prefix = f"ctguard-{blueprint}-"


def client(service, region):
    made = session.client(service, region_name=region)
    made.meta.events.register("before-send", count)
    return made


account = client("sts", regions[0]).get_caller_identity()["Account"]
seen = {}
for region in regions:
    events = client("events", region)
    for page in events.get_paginator("list_rules").paginate(NamePrefix=prefix):
        for rule in page["Rules"]:
            seen[region, rule["Name"]] = rule, events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    tagging = client("resourcegroupstaggingapi", region)
    filters = [{"Key": "ctguard:blueprint", "Values": [blueprint]}]
    for page in tagging.get_paginator("get_resources").paginate(TagFilters=filters):
        seen[region, "tags"] = page["ResourceTagMappingList"]
    sns = client("sns", region)
    topic = f"arn:aws:sns:{region}:{account}:{prefix}secops"
    seen[region, "topic"] = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for subscription in page["Subscriptions"]:
            arn = subscription["SubscriptionArn"]
            seen[arn] = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sqs = client("sqs", region)
    for name in ("targets", "subscriptions"):
        queue = sqs.get_queue_url(QueueName=prefix + name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
        seen[queue] = attributes["Attributes"]
    cloudtrail = client("cloudtrail", region)
    for trail in cloudtrail.describe_trails()["trailList"]:
        arn = trail["TrailARN"]
        seen[region, arn] = trail, cloudtrail.get_trail_status(Name=arn)
        if trail["HomeRegion"] == region:
            seen[arn] = cloudtrail.get_event_selectors(TrailName=arn)
            seen[arn, "tags"] = cloudtrail.list_tags(ResourceIdList=[arn])
            s3 = client("s3", region)
            bucket = {"Bucket": trail["S3BucketName"]}
            seen["bucket"] = [
                s3.head_bucket(**bucket),
                s3.get_public_access_block(**bucket),
                s3.get_bucket_versioning(**bucket),
                s3.get_bucket_encryption(**bucket),
                s3.get_bucket_ownership_controls(**bucket),
                s3.get_bucket_policy(**bucket),
                s3.get_bucket_lifecycle_configuration(**bucket),
                s3.get_bucket_tagging(**bucket),
            ]
print(calls)
