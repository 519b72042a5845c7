"""How CloudTrail spells request parameters, where the plain rule (first letter lower) is not right.

Facts from the AWS documentation (the CloudTrail page of each service) and from public log
records; catalogue/README.md names them.
"""
from request_models import ec2_operations

# --------------------------------------------------------------------------------- styles
# botocore directory: style. Others: "either" for rest-json, "plain" for the rest.
STYLES = {"apigateway": "apigateway", "s3": "s3", "ec2": "ec2"}
# rest-json, and logged by the plain rule: seen in records.
STYLES |= {name: "plain" for name in "lambda efs glacier backup".split()}

# ------------------------------------------------------------------------- low confidence
# Services of which nothing is known that would be worth a warning.
LOW_SERVICES = set("apigatewayv2 s3control".split())
LOW_EVENTS = set()


def is_low(directory, source, op):
    if directory == "ec2":
        return op in EC2_LOW
    return directory in LOW_SERVICES or (source, op) in LOW_EVENTS


# ------------------------------------------------------------------- beside the API's own
# source: {operation or "*": {name: form}}: what records have beside the members of the API.
ALSO = {
    "sts.amazonaws.com": {
        "AssumeRole": {"incomingTransitiveTags": "m"},
        "AssumeRoleWithSAML": {"sAMLAssertionID": "t", "principalTags": "m",
                               "roleSessionName": "t", "transitiveTagKeys": "l"},
        "AssumeRoleWithWebIdentity": {"principalTags": "m", "transitiveTagKeys": "l"},
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
# Of any call: the host, what SDKs and presigned links put into the query, what is logged of ACLs.
S3_ANY = """Host accessControlList x-id x-amz-acl X-Amz-Algorithm X-Amz-Credential X-Amz-Date
X-Amz-Expires X-Amz-Security-Token X-Amz-Signature X-Amz-SignedHeaders X-Amz-Content-Sha256
AWSAccessKeyId Expires Signature accountId""".split()
S3_MORE = {
    "PutBucketPolicy": ["bucketPolicy"],
    "PutBucketAcl": ["AccessControlPolicy"],
    "PutObjectAcl": ["AccessControlPolicy"],
    "ListObjectsV2": ["list-type"],
}

# ------------------------------------------------------------------------------------ ec2
# Calls that were there before 2015 are logged in the old form, later ones wrapped whole.
EC2_OLD = ec2_operations("2014-10-01")
# Of the first ones after that it is not known.
EC2_LOW = (ec2_operations("2016-09-15") - EC2_OLD) - set("""
CreateFlowLogs DeleteFlowLogs DescribeFlowLogs CreateVpcEndpoint DeleteVpcEndpoints
DescribeVpcEndpoints DescribeVpcEndpointServices ModifyVpcEndpoint CreateNatGateway
DeleteNatGateway DescribeNatGateways DescribePrefixLists""".split())

# Member of the API: (name of the list, name in its items); by call first, then of any call.
EC2_LISTS = {
    ("DescribeInstances", "InstanceIds"): ("instancesSet", "instanceId"),
    ("DescribeAccountAttributes", "AttributeNames"): ("accountAttributeNameSet", "attributeName"),
    ("ModifySnapshotAttribute", "GroupNames"): ("groups", "group"),
    "AllocationIds": ("allocationIdsSet", "allocationId"),
    "CustomerGatewayIds": ("customerGatewaySet", "customerGatewayId"),
    "DhcpOptionsIds": ("dhcpOptionsSet", "dhcpOptionsId"),
    "ExecutableUsers": ("executableBySet", "user"),
    "Filters": ("filterSet", None),
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
    "SecurityGroupIds": ("groupSet", "groupId"),
    "SecurityGroups": ("groupSet", "groupName"),
}
# Lists that are arrays, with no `items`.
EC2_BARE_LISTS = set()
# Scalars under another name than the API's.
EC2_RENAMED = {"Attribute": ["attributeType"], "Protocol": ["aclProtocol"],
               "IcmpTypeCode": ["icmpTypeCode"]}
EC2_MORE = {}


def ec2_list(op, member, here):
    """The names that a list may have, and that of its elements; `None`: not known."""
    known = EC2_LISTS.get((op, member)) or EC2_LISTS.get(member)
    if known:
        return {known[0]}, known[1]
    own = member[:1].lower() + member[1:]
    return {own, here, here + "Set", own + "Set"}, None
