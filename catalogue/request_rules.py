"""How CloudTrail spells request parameters, where the plain rule (first letter lower) is not right.

Facts from the AWS documentation (the CloudTrail page of each service) and from public log
records; catalogue/README.md names them.
"""
from request_models import ec2_operations

# --------------------------------------------------------------------------------- styles
# botocore directory: style. Where the JSON of a service has capitals (`GroupBy`), some services
# are logged by the plain rule (kms: `keyId`) and some as they stand (ce: `GroupBy`); without
# evidence both are taken ("either"). A name that is lower on the wire, too, is the same for both.
STYLES = {"apigateway": "apigateway", "apigatewayv2": "plain", "s3": "s3", "ec2": "ec2"}
# Logged by the plain rule, though their JSON has capitals: seen in records.
STYLES |= {name: "plain" for name in """acm application-autoscaling athena backup cloudtrail
cloudwatch cognito-identity cognito-idp config dms ds dynamodb efs emr es events firehose fsx
glacier glue identitystore inspector kinesis kms lambda logs opensearch organizations
resourcegroupstaggingapi route53resolver sagemaker secretsmanager service-quotas servicecatalog
servicediscovery shield sqs ssm sso-admin transcribe transfer waf waf-regional wafv2
workspaces ec2-instance-connect""".split()}

# ------------------------------------------------------------------------- low confidence
# Services of which nothing is known that would be worth a warning.
LOW_SERVICES = {"s3control", "marketplace-discovery"}
# DynamoDB logs the names of attributes instead of the items of a call.
LOW_EVENTS = {("dynamodb.amazonaws.com", op) for op in """BatchExecuteStatement BatchGetItem
BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction GetItem PutItem Query Scan
TransactGetItems TransactWriteItems UpdateItem""".split()}


def is_low(directory, source, op):
    if directory == "ec2":
        return op in EC2_LOW
    return directory in LOW_SERVICES or (source, op) in LOW_EVENTS


# ------------------------------------------------------------------- beside the API's own
# source: {operation or "*": {name: form}}: what records have beside the members of the API.
ALSO = {
    "sts.amazonaws.com": {
        "AssumeRole": {"incomingTransitiveTags": "m"},
        "AssumeRoleWithSAML": {"sAMLAssertionID": "t", "principalTags": "m", "sourceIdentity": "t",
                               "roleSessionName": "t", "transitiveTagKeys": "l"},
        "AssumeRoleWithWebIdentity": {"principalTags": "m", "sourceIdentity": "t",
                                      "transitiveTagKeys": "l"},
    },
    "codebuild.amazonaws.com": {
        "*": {"awsActId": "t", "invokedBy": "t", "payerId": "t", "userArn": "t"},
    },
    "codecommit.amazonaws.com": {
        "*": {"archiveType": "t", "pullRequestIds": "l", "references": "l", "s3Bucket": "t",
              "s3Key": "t", "throwIfClosed": "b", "uploadId": "t"},
    },
    "kms.amazonaws.com": {"ScheduleKeyDeletion": {"overridePendingWindowCheck": "b"}},
    "route53resolver.amazonaws.com": {
        "DeleteResolverQueryLogConfig": {"originSequenceNumber": "n"},
    },
    "ssm.amazonaws.com": {"SendCommand": {"interactive": "b"}},
    "ec2.amazonaws.com": {
        "DescribeInstances": {"ignoreManagedInstancesVisibilityConfiguration": "b"},
        "DescribeInstanceStatus": {"ignoreManagedInstancesVisibilityConfiguration": "b"},
    },
    "ec2-instance-connect.amazonaws.com": {
        "SendSerialConsoleSSHPublicKey": {"monitorMode": "b"},
    },
    "lambda.amazonaws.com": {
        "Invoke": {"sourceArn": "t", "sourceAccount": "t", "contentType": "t"},
    },
    "sso.amazonaws.com": {
        "*": {"role_name": "t", "account_id": "t", "max_result": "a", "next_token": "t"},
    },
    "sqs.amazonaws.com": {
        "CreateQueue": {"attribute": "m", "tag": "m"},
        "SetQueueAttributes": {"attribute": "m"},
    },
}

# ------------------------------------------------------------------------------------- s3
# Of any call: the host (`host` in records of 2020 and before), what SDKs and presigned links put
# into the query or sign as a header.
S3_ANY = """AWSAccessKeyId Expires Host Signature accountId host x-amz-acl x-amz-content-sha256
x-amz-date x-amz-decoded-content-length x-amz-security-token x-amz-te x-amz-trailer
x-amz-user-agent x-id X-Amz-Algorithm X-Amz-Content-Sha256 X-Amz-Credential X-Amz-Date
X-Amz-Expires X-Amz-Security-Token X-Amz-Signature X-Amz-SignedHeaders""".split()
S3_MORE = {
    "PutBucketPolicy": ["bucketPolicy"],
    "PutBucketAcl": ["AccessControlPolicy"],
    "PutObjectAcl": ["AccessControlPolicy"],
    "ListObjects": ["list-type", "continuation-token", "fetch-owner", "start-after"],
    "ListObjectsV2": ["list-type"],
}

# ------------------------------------------------------------------------------------ ec2
# Calls that were there before 2015 are logged in the old form, later ones wrapped whole.
EC2_OLD = ec2_operations("2014-10-01")
# Of these it is not known.
EC2_LOW = set("""CancelImportTask DescribeImportImageTasks DescribeImportSnapshotTasks ImportImage
ImportSnapshot MoveAddressToVpc RestoreAddressToClassic DescribeMovingAddresses""".split())

# Member of the API: (name of the list, name in its items); by call first, then of any call.
EC2_LISTS = {
    ("DescribeInstances", "InstanceIds"): ("instancesSet", "instanceId"),
    ("DescribeAccountAttributes", "AttributeNames"): ("accountAttributeNameSet", "attributeName"),
    ("ModifySnapshotAttribute", "GroupNames"): ("groups", "group"),
    "AllocationIds": ("allocationIdsSet", "allocationId"),
    "BundleIds": ("bundlesSet", "bundleId"),
    "VpcPeeringConnectionIds": ("vpcPeeringConnectionIdSet", "vpcPeeringConnectionId"),
    "CustomerGatewayIds": ("customerGatewaySet", "customerGatewayId"),
    "DhcpOptionsIds": ("dhcpOptionsSet", "dhcpOptionsId"),
    "ExecutableUsers": ("executableBySet", "user"),
    "Filters": ("filterSet", None),
    "Groups": ("groupSet", "groupId"),
    "PrivateIpAddresses": ("privateIpAddressesSet", "privateIpAddress"),
    "BlockDeviceMappings": ("blockDeviceMapping", None),
    "ImageIds": ("imagesSet", "imageId"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "InternetGatewayIds": ("internetGatewayIdSet", "internetGatewayId"),
    "IpPermissions": ("ipPermissions", None),
    "KeyNames": ("keySet", "keyName"),
    "NetworkAclIds": ("networkAclIdSet", "networkAclId"),
    "NetworkInterfaceIds": ("networkInterfaceIdSet", "networkInterfaceId"),
    "NetworkInterfaces": ("networkInterfaceSet", None),
    "Owners": ("ownersSet", "owner"),
    "OwnerIds": ("ownersSet", "owner"),
    "PublicIps": ("publicIpsSet", "publicIp"),
    "RegionNames": ("regionSet", "regionName"),
    "Resources": ("resourcesSet", "resourceId"),
    "RestorableByUserIds": ("sharedUsersSet", "user"),
    "RouteTableIds": ("routeTableIdSet", "routeTableId"),
    "SnapshotIds": ("snapshotSet", "snapshotId"),
    "SubnetIds": ("subnetSet", "subnetId"),
    "TagSpecifications": ("tagSpecificationSet", None),
    "Tags": ("tagSet", None),
    "UserIdGroupPairs": ("groups", None),
    "Values": ("valueSet", "value"),
    "VolumeIds": ("volumeSet", "volumeId"),
    "VpcIds": ("vpcSet", "vpcId"),
    "VpnConnectionIds": ("vpnConnectionSet", "vpnConnectionId"),
    "VpnGatewayIds": ("vpnGatewaySet", "vpnGatewayId"),
    "ZoneNames": ("availabilityZoneSet", "zoneName"),
    "ZoneIds": ("availabilityZoneIdSet", "zoneId"),
    "InstanceTypes": ("instanceTypeSet", "instanceType"),
    "ProductDescriptions": ("productDescriptionSet", "productDescription"),
    "ReservedInstancesIds": ("reservedInstancesSet", None),
    "ReservedInstancesModificationIds": ("reservedInstancesModificationSet", None),
    "SpotInstanceRequestIds": ("spotInstanceRequestIdSet", "spotInstanceRequestId"),
    ("DescribePlacementGroups", "GroupNames"): ("placementGroupSet", None),
    ("DescribePlacementGroups", "GroupIds"): ("placementGroupIdSet", None),
    ("DescribeSecurityGroups", "GroupNames"): ("securityGroupSet", "groupName"),
    ("DescribeSecurityGroups", "GroupIds"): ("securityGroupIdSet", "groupId"),
    "SecurityGroupIds": ("groupSet", "groupId"),
    "SecurityGroups": ("groupSet", "groupName"),
}
# Lists below the first level that are arrays, with no `items`.
EC2_BARE_LISTS = {"Tags": "tags"}
# Numbers that are numbers; others may be text (CreateVolume: `"size": "80"`).
EC2_NUMBERS = set("FromPort ToPort MinCount MaxCount RuleNumber".split())
# Scalars under another name than the API's.
EC2_RENAMED = {"Attribute": ["attributeType"], "Protocol": ["aclProtocol"],
               "IcmpTypeCode": ["icmpTypeCode"]}
# call: {parameter: form, or names in its items}
EC2_MORE = {
    "CreateVolume": {"zone": "t"},
    # An object in the API; what it holds is sensitive and is written as text.
    "ModifyInstanceAttribute": {"userData": "a"},
    "RunInstances": {"availabilityZone": "t", "tenancy": "t",
                     "instancesSet": ["imageId", "keyName", "maxCount", "minCount"]},
}
# call: parameters of the API that records have elsewhere.
EC2_LESS = {
    "CreateVolume": ["availabilityZone"],
    "CreateNetworkAclEntry": ["icmp", "protocol"],
    "ReplaceNetworkAclEntry": ["icmp", "protocol"],
    "RunInstances": ["imageId", "keyName", "maxCount", "minCount"],
}


def ec2_list(op, member, here):
    """The names that a list may have, and that of its elements; `None`: not known."""
    known = EC2_LISTS.get((op, member)) or EC2_LISTS.get(member)
    if known:
        return {known[0]}, known[1]
    own = member[:1].lower() + member[1:]
    bare = here.removesuffix("Id")
    return {own, here, here + "Set", bare + "Set", bare + "sSet", own + "Set"}, None
