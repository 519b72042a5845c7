"""Operation names and IAM actions that are not, or not always, the logged event name."""

RENAMES = {}


def rename(source, text, keep=False):
    for line in text.strip().splitlines():
        op, *names = line.split()
        RENAMES[(f"{source}.amazonaws.com", op)] = (names, keep)


rename("lambda", """
AddPermission AddPermission20150331v2
CreateAlias CreateAlias20150331
CreateEventSourceMapping CreateEventSourceMapping20150331
CreateFunction CreateFunction20150331
DeleteAlias DeleteAlias20150331
DeleteEventSourceMapping DeleteEventSourceMapping20150331
DeleteFunction DeleteFunction20150331
DeleteFunctionConcurrency DeleteFunctionConcurrency20171031
GetAlias GetAlias20150331
GetEventSourceMapping GetEventSourceMapping20150331
GetFunction GetFunction20150331v2
GetFunctionConfiguration GetFunctionConfiguration20150331v2
GetPolicy GetPolicy20150331v2
ListAliases ListAliases20150331
ListEventSourceMappings ListEventSourceMappings20150331
ListFunctions ListFunctions20150331
ListTags ListTags20170331
ListVersionsByFunction ListVersionsByFunction20150331
PublishLayerVersion PublishLayerVersion20181031
PublishVersion PublishVersion20150331
PutFunctionConcurrency PutFunctionConcurrency20171031
RemovePermission RemovePermission20150331v2
TagResource TagResource20170331v2
UntagResource UntagResource20170331v2
UpdateAlias UpdateAlias20150331
UpdateEventSourceMapping UpdateEventSourceMapping20150331
UpdateFunctionCode UpdateFunctionCode20150331v2
UpdateFunctionConfiguration UpdateFunctionConfiguration20150331v2
""")
rename("lambda", """
GetAccountSettings GetAccountSettings20160819
GetFunctionConcurrency GetFunctionConcurrency20190930
GetLayerVersion GetLayerVersion20181031
GetLayerVersionPolicy GetLayerVersionPolicy20181031
ListLayerVersions ListLayerVersions20181031
ListLayers ListLayers20181031
AddLayerVersionPermission AddLayerVersionPermission20181031
RemoveLayerVersionPermission RemoveLayerVersionPermission20181031
DeleteLayerVersion DeleteLayerVersion20181031
""", keep=True)
rename("s3", """
DeletePublicAccessBlock DeleteBucketPublicAccessBlock DeleteAccountPublicAccessBlock
GetPublicAccessBlock GetBucketPublicAccessBlock GetAccountPublicAccessBlock
PutPublicAccessBlock PutBucketPublicAccessBlock PutAccountPublicAccessBlock
GetBucketAccelerateConfiguration GetAccelerateConfiguration
PutBucketAccelerateConfiguration PutAccelerateConfiguration
GetBucketLifecycleConfiguration GetBucketLifecycle
PutBucketLifecycleConfiguration PutBucketLifecycle
GetBucketNotificationConfiguration GetBucketNotification
PutBucketNotificationConfiguration PutBucketNotification
GetObjectLockConfiguration GetBucketObjectLockConfiguration
PutObjectLockConfiguration PutBucketObjectLockConfiguration
""")
# Amazon Keyspaces logs the CQL statement, whichever way the call was made
# (docs.aws.amazon.com/keyspaces/latest/devguide/logging-using-cloudtrail.html).
rename("cassandra", """
UpdateKeyspace AlterKeyspace
DeleteKeyspace DropKeyspace
UpdateTable AlterTable
TagResource AlterTable
UntagResource AlterTable
DeleteTable DropTable
CreateType CreateUdt
DeleteType DropUdt
GetKeyspace Select
GetTable Select
GetType Select
ListKeyspaces Select
ListTables Select
ListTypes Select
ListTagsForResource Select
""", keep=True)
# In use under both names (plain, and with the API version as a suffix).
VERSIONED = {"cloudfront.amazonaws.com": "2020_05_31"}

# Names often written by mistake: IAM actions that never are an eventName.
NOT_EVENTS = {
    ("s3.amazonaws.com", "PutEncryptionConfiguration"): ["PutBucketEncryption"],
    ("s3.amazonaws.com", "GetEncryptionConfiguration"): ["GetBucketEncryption"],
    ("s3.amazonaws.com", "PutLifecycleConfiguration"): ["PutBucketLifecycle"],
    ("s3.amazonaws.com", "GetLifecycleConfiguration"): ["GetBucketLifecycle"],
    ("s3.amazonaws.com", "PutReplicationConfiguration"): ["PutBucketReplication"],
    ("s3.amazonaws.com", "GetReplicationConfiguration"): ["GetBucketReplication"],
    ("s3.amazonaws.com", "PutInventoryConfiguration"): ["PutBucketInventoryConfiguration"],
    ("s3.amazonaws.com", "PutMetricsConfiguration"): ["PutBucketMetricsConfiguration"],
    ("s3.amazonaws.com", "PutAnalyticsConfiguration"): ["PutBucketAnalyticsConfiguration"],
    ("s3.amazonaws.com", "ListBucket"): ["ListObjects"],
    ("s3.amazonaws.com", "ListAllMyBuckets"): ["ListBuckets"],
    ("s3.amazonaws.com", "PutBucketCORS"): ["PutBucketCors"],
    ("lambda.amazonaws.com", "InvokeFunction"): ["Invoke"],
}

# Operations that newer SDK models no longer have; older clients and records do.
RETIRED = [
    ("glue", "api", "W", "DeleteAssetType PutAssetType"),
]
