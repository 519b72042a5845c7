"""How CloudTrail writes responses, where that is not simply the output of the API.

Facts from the AWS documentation (the CloudTrail page of each service) and from public log
records; catalogue/README.md names them. The spelling is that of requests: `request_rules.py`.
"""

# ------------------------------------------------------------------------------ not modelled
# botocore directories whose responses are written in ways that no rule tells: S3 has headers and
# some bodies, API Gateway has links.
LOW_SERVICES = {"apigateway", "apigatewayv2", "marketplace-discovery", "s3", "s3control"}
# Services of a data plane: what is answered there is the data itself, which is mostly left out.
LOW_EVENTS = {("lambda.amazonaws.com", "Invoke"), ("lambda.amazonaws.com", "InvokeAsync")}

# ------------------------------------------------------------------------------- unwrapped
# Of the query protocol: `{"DBInstance": {...}}` is logged as its members, not under its name.
UNWRAPPED = {"rds", "docdb", "neptune"}
# The same may be true of these, of which no record was seen: both are taken.
MAYBE_UNWRAPPED = {"redshift", "elasticache"}

# ------------------------------------------------------------------------------- no response
# Services of which records show that a write without an output has no response at all.
NOTHING_KNOWN = {f"{name}.amazonaws.com" for name in
                 "cloudtrail config guardduty iam organizations".split()}
# Read-only calls that are logged with a response: those that hand out credentials and tokens, and
# those that start something.
# Sources: docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html (AssumeRole),
# docs.aws.amazon.com/cognito/latest/developerguide/logging-using-cloudtrail.html
READ_WITH_RESPONSE_SERVICES = {f"{name}.amazonaws.com" for name in """athena
bedrock cognito-identity cognito-idp connect ecr ecr-public iot kms logs s3 s3-outposts s3express
signin sso sso-directory sso-oauth identitystore ssmmessages sts""".split()}
# Of these services it is known that `Get...` calls have none, too; of any other nothing is said.
GET_WITHOUT_RESPONSE = {f"{name}.amazonaws.com" for name in """cloudformation cloudtrail config
dynamodb ec2 ecs eks elasticloadbalancing guardduty iam lambda monitoring organizations rds route53
secretsmanager securityhub sns sqs ssm""".split()}

# ------------------------------------------------------------------- beside the API's own
# source: {operation or "*": {name: form, or the same of what is in it}}
ALSO = {
    "application-cost-profiler.amazonaws.com": {"*": {"message": "t"}},
    "codebuild.amazonaws.com": {
        "*": {"build": {"phases": {"phaseContext": "a"}}, "message": "t", "webhookDeletedStatus": "a"},
    },
    # Seen in samples; the API has `revokedSecurityGroupRuleSet`.
    "ec2.amazonaws.com": {
        "RevokeSecurityGroupEgress": {"securityGroupRuleSet": "a"},
        "RevokeSecurityGroupIngress": {"securityGroupRuleSet": "a"},
    },
    "codecommit.amazonaws.com": {"*": {"uploadId": "t"}},
    # Since 2022-12 the ARN of the key:
    # docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
    "kms.amazonaws.com": {"*": {"keyId": "t"}},
    "lambda.amazonaws.com": {
        "UpdateFunctionConfiguration": {"layers": {"uncompressedCodeSize": "n"}},
        "CreateFunction": {"layers": {"uncompressedCodeSize": "n"}},
        "UpdateFunctionCode": {"layers": {"uncompressedCodeSize": "n"}},
    },
    "rds.amazonaws.com": {"*": {"httpEndpointEnabled": "b"}},
    "secretsmanager.amazonaws.com": {"*": {"arn": "t"}},
    "ssm.amazonaws.com": {
        "*": {"documentDescription": {"documentId": "t"}},
        "SendCommand": {"command": {
            "clientName": "t", "clientSourceId": "t", "hasCancelCommandSignature": "b",
            "hasSendCommandSignature": "b", "interactive": "b", "parameters": "a",
        }},
    },
}
# Of EC2, by shape.
EC2_ALSO = {
    "InstanceMetadataOptionsResponse": {"httpProtocolIpv4": "t"},
    "InstanceNetworkInterface": {"tagSet": "a"},
}
