"""Event sources whose network activity events (calls through a VPC endpoint) can be logged.

CloudTrail User Guide, "Logging network activity events"
(docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html)
lists the values of `eventSource`; "Understanding CloudTrail events" (…/cloudtrail-events.html)
lists services by name. Both were read 2026-11; they are of different ages, so both are taken.
"""

# Values of eventSource, as the page lists them.
LISTED = """
aco-automation appconfig application-signals appmesh athena b2bi backup-gateway
bcm-data-exports bcm-pricing-calculator bedrock-agentcore bedrock billing cassandra ce
cloudcontrolapi cloudformation cloudhsm cloudoptimization cloudtrail codedeploy comprehend
comprehendmedical config ds dynamodb ec2 ecs elasticfilesystem elasticloadbalancing events
firehose frauddetector freetier fsx glue healthlake invoicing iot iotfleetwise
iotsecuredtunneling kms lakeformation lambda license-manager lookoutequipment lookoutvision
monitoring nova-act personalize qbusiness rds rekognition rolesanywhere s3 sagemaker scheduler
secretsmanager servicediscovery sns sqs ssm-contacts ssm storagegateway swf textract transcribe
transcribestreaming transform-agents transform-custom transform translate user-subscriptions
verifiedpermissions voiceid workmail workmailmessageflow
""".split()

# Named as a service only; the event source is the usual one of the service.
NAMED = """
agent-registry autoscaling aws-external-anthropic dsql identitystore iotsitewise
partnercentral quicksight route53 s3vectors ses signin sso states sts transfer
""".split()

HEADER = """\
# Event sources whose network activity events CloudTrail can log (written by build_catalogue.py).
# From docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
# (values of eventSource) and …/userguide/cloudtrail-events.html (services by name), read 2026-11.
"""
