"""The event sources: which `eventSource` a service writes, how that is known, and the Region.

Evidence, strongest first (column `source_evidence`):
  p  an AWS page names the event source
  t  the model trait aws.api#cloudTrailEventSource names it (cross-check; see README)
  r  public log records carry it
  s  nothing but the signing name of the SDK: the last resort
"""

# Default: "<signing name>.amazonaws.com". The models' cloudTrailEventSource trait is NOT
# used as it stands: for 78 services it holds a generated guess ("configservice", "es" as
# "elasticsearchservice", ...) that the log files contradict.
# key: botocore service directory. value: prefixes, the usual one first; the second where
# the evidence allows both. Newer services that sign as an older one (eventsv2 as events,
# partnercentral-prm as partnercentral) log under their endpoint prefix.
SOURCES = {
    "apigatewaymanagementapi": ["apigateway"],
    "application-autoscaling": ["autoscaling"],
    "application-insights": ["applicationinsights", "application-insights"],
    "autoscaling-plans": ["autoscaling"],
    "backupsearch": ["backup"],
    "chime-sdk-media-pipelines": ["chime", "chime-sdk-media-pipelines"],
    "chime-sdk-voice": ["chime", "chime-sdk-voice"],
    "cloudfront-keyvaluestore": ["edgekeyvaluestore"],
    "cloudwatchomni": ["cloudwatch-omni", "cloudwatch"],
    "connect-contact-lens": ["contact-lens"],
    "connectparticipant": ["participant-connect"],
    "ds-data": ["ds"],
    "eventbridgev2": ["eventsv2"],
    "iam-toolbox": ["iam-toolbox", "iam"],
    "iot-data": ["iot"],
    "iot-jobs-data": ["iot"],
    "iotsecuretunneling": ["iotsecuredtunneling"],
    "lexv2-models": ["lex"],
    "lexv2-runtime": ["lex"],
    "marketplace-agreement": ["agreement-marketplace"],
    "marketplace-catalog": ["marketplacecatalog"],
    "marketplace-deployment": ["deployment-marketplace"],
    "marketplace-discovery": ["discovery-marketplace"],
    "marketplace-entitlement": ["entitlement-marketplace"],
    "marketplace-reporting": ["reporting-marketplace"],
    "marketplacecommerceanalytics": ["marketplace-commerce-analytics"],
    "meteringmarketplace": ["metering-marketplace"],
    "mgh": ["migrationhub"],
    "migrationhub-config": ["migrationhub"],
    "mpa": ["multi-party-approval"],
    "mq": ["amazonmq"],
    "partnercentral-revenue-measurement": ["partnercentral-prm", "partnercentral"],
    "pinpoint": ["pinpoint"],
    "pricing": ["pricelist"],
    "qconnect": ["qconnect", "wisdom"],
    "rds-data": ["rdsdata", "rdsdataapi"],
    "sagemaker-metrics": ["metrics-sagemaker"],
    "servicecatalog-appregistry": ["servicecatalog-appregistry"],
    "signin": ["signin"],
    "sso": ["sso"],
    "sso-oidc": ["sso-oauth", "sso"],
    "ssm-guiconnect": ["ssm-guiconnect"],
}

# Services split off an older one that has the same operations: (new source, old source).
# Operations of the new model that the old model lacks are never logged under the old source;
# build_catalogue.py writes a hint for people who use the IAM prefix of the old one.
SPLIT = {"eventbridgev2": "events"}

# ------------------------------------------------------------------ how a source is known
# EventBridge Events Reference, "Events": the column "CloudTrail event source"
# (docs.aws.amazon.com/eventbridge/latest/ref/events.html, read 2026-11).
EVENTS_REFERENCE = """
access-analyzer account acm acm-pca aiops airflow amazonmq amazonq ams-k8s amplify
amplifybackend amplifyuibuilder aoss apigateway app-integrations appconfig appfabric appflow
application-cost-profiler application-insights application-transformation appmesh apprunner
appstream appsync apptest aps aps-workspaces arc-zonal-shift artifact athena auditmanager
autoscaling aws-payment-encryption b2bi backup backup-gateway batch bcm-data-exports bedrock
billing billingconductor braket budgets bugbust cases cassandra ce chatbot chime
chime-sdk-media-pipelines chime-sdk-voice cleanrooms cloud9 cloudcontrolapi clouddirectory
cloudformation cloudfront cloudsearch cloudshell cloudtrail cloudtrail-data codeartifact
codebuild codecommit codeconnections codedeploy codeguru-profiler codeguru-reviewer
codepipeline codestar-connections codestar-notifications codewhisperer cognito-identity
cognito-idp cognito-sync comprehendmedical compute-optimizer config connect connect-campaigns
consoleapp contact-lens controlcatalog controltower cost-optimization-hub
customer-verification databrew dataexchange datapipeline datasync datazone dax deadline
deepracer deployment-marketplace detective devops-guru directconnect discovery
discovery-marketplace dlm dms drs ds dsql dynamodb ebs ec2 ecr ecr-public ecs
edgekeyvaluestore eks eks-auth elasticache elasticbeanstalk elasticfilesystem
elasticloadbalancing elasticmapreduce elastictranscoder elb emr-containers emr-serverless
emrwal enterpriseq entitlement-marketplace entityresolution es events evidently expertq
fabric finspace finspace-api firehose fis fms forecast frauddetector gamelift geo geo-places
geo-routes glacier globalaccelerator glue grafana greengrass groundstation guardduty health
healthlake iam identitystore imagebuilder inspector inspector-scan inspector2 internetmonitor
iot iotdeviceadvisor iotfleethub iotfleetwise iotsecuredtunneling iotsitewise iottwinmaker
iotwireless ivs ivschat kafka-cluster kafkaconnect kendra kendra-ranking kinesis
kinesisanalytics kinesisvideo kms lakeformation lambda launchwizard lex license-manager
license-manager-linux-subscriptions license-manager-user-subscriptions lightsail logs
lookoutequipment lookoutvision m2 machinelearning macie2 managedblockchain
managedblockchain-query managedservices marketplace-commerce-analytics marketplacecatalog
mediaconnect mediaconvert medialive mediapackage mediapackagev2 mediastore medical-imaging
memorydb metering-marketplace metrics-sagemaker mgn migrationhub migrationhub-orchestrator
migrationhub-strategy monitoring monitron mturk-requester multi-party-approval neptune-graph
network-firewall networkflowmonitor networkmanager networkmanager-chat networkmonitor
notifications notifications-contacts oam observabilityadmin odb omics one opensearchservice
organizations osis outposts panorama participant-connect payment-cryptography
pca-connector-scep pcs personalize pi pinpoint pipes polly pricelist profile proton qapps
qbusiness qconnect qldb quicksight ram rbin rds rdsdata rdsdataapi redshift redshift-data
redshift-serverless refactor-spaces rekognition repostspace resiliencehub resource-explorer-2
resource-groups robomaker rolesanywhere route53 route53-recovery-control-config route53domains
route53profiles route53resolver rum s3 s3-banner s3-outposts s3express sagemaker savingsplans
scheduler schemas scn sdb sdkmetrics secretsmanager security-ir securityhub securitylake
serverlessrepo servicecatalog servicecatalog-appregistry servicediscovery servicequotas ses
signer signin signup simspaceweaver sms-voice snow-device-management snowball sns sqlworkbench
sqs ssm ssm-contacts ssm-guiconnect ssm-incidents ssm-quicksetup ssm-sap sso sso-directory
sso-oauth states storagegateway sts support support-console supportapp swf synthetics tagging
taxconsole textract thinclient timestream tnb transcribe transcribestreaming transfer
transform translate trustedadvisor user-subscriptions vendor-insights verifiedpermissions
voiceid vpc-lattice waf waf-regional wafv2 wellarchitected wickr workdocs workmail
workmailmessageflow workspaces workspaces-instances workspaces-web xray
""".split()

# Named on another AWS page: the service's own page on CloudTrail, the CloudTrail user guide.
OTHER_PAGES = """
agreement-marketplace applicationinsights aws-portal bedrock-agentcore billingconsole comprehend
ec2-instance-connect freetier geo-maps identitystore-scim invoicing iotthingsgraph kafka
nova-act payments pricing purchase-orders sagemaker-geospatial social-messaging ssmmessages
support-subscription supportaccess supportplans tax
""".split()

# Seen in public log records, on no AWS page that names the event source.
RECORDS = """
eventsv2
""".split()

# ------------------------------------------------------------------------ delivery region
# Services whose API is answered in one region of the `aws` partition: their events (and so
# the EventBridge rule that matches them) live there. Everything else: the call's region.
US_EAST_1 = """account artifact bcm-dashboards bcm-data-exports bcm-pricing-calculator
bcm-recommended-actions billing billingconductor budgets ce cloudfront cost-optimization-hub
cur freetier health iam importexport invoicing mturk-requester notifications-contacts
organizations pricingplanmanager route53 route53domains savingsplans shield support
sustainability tax waf agreement-marketplace discovery-marketplace entitlement-marketplace
marketplacecatalog metering-marketplace deployment-marketplace
marketplace-commerce-analytics reporting-marketplace taxconsole billingconsole
aws-portal customer-verification payments purchase-orders support-subscription""".split()
US_WEST_2 = """devicefarm globalaccelerator networkmanager route53-recovery-control-config
supportplans""".split()
REGION = {f"{s}.amazonaws.com": "us-east-1" for s in US_EAST_1}
REGION.update({f"{s}.amazonaws.com": "us-west-2" for s in US_WEST_2})
# sts: the region of the endpoint called; the global endpoint is us-east-1.
# signin: root in us-east-1, IAM users also us-east-2, eu-north-1, ap-southeast-2 or the
# region of the regional sign-in endpoint.
REGION["sts.amazonaws.com"] = "endpoint"
REGION["signin.amazonaws.com"] = "signin"
