"""Event sources whose network activity events (calls through a VPC endpoint) can be logged.

CloudTrail User Guide, "Logging network activity events", the valid values of `eventSource`
(docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html).
"""

# As the page was in 2026-11.
LISTED = """
aco-automation agent-registry appconfig application-signals appmesh assurance athena autoscaling
aws-external-anthropic b2bi backup-gateway bcm-data-exports bcm-pricing-calculator bedrock
bedrock-agentcore billing cassandra ce chime-sdk-media-pipelines chime-sdk-voice cloudcontrolapi
cloudformation cloudhsm cloudtrail codedeploy comprehend comprehendmedical config ds dsql
dynamodb ec2 ecr ecs elasticfilesystem elasticloadbalancing events firehose frauddetector
freetier fsx glue healthlake identitystore invoicing iot iotfleetwise iotsecuredtunneling
iotsitewise kms lakeformation lambda license-manager lookoutequipment lookoutvision monitoring
partnercentral-prm personalize qbusiness quicksight rds rdsdata rdsdataapi rekognition
rolesanywhere route53 s3 s3vectors sagemaker scheduler secretsmanager servicediscovery ses
signin sns sqs ssm ssm-contacts sso sso-directory sso-oauth states storagegateway sts swf
textract transcribe transcribestreaming transfer transform translate user-subscriptions
verifiedpermissions voiceid workmail workmailmessageflow
""".split()

# Listed earlier in 2026 and not now: kept, since nothing says that they stopped.
LISTED_EARLIER = "cloudoptimization nova-act transform-agents transform-custom".split()

HEADER = """\
# Event sources whose network activity events CloudTrail can log (written by build_catalogue.py),
# from docs.aws.amazon.com/awscloudtrail/latest/userguide/
# logging-network-events-with-cloudtrail.html, read 2026-11.
"""
