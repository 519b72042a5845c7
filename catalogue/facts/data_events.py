"""Data events: logged only where a trail has a data-event selector for the resource type.

Resource types: CloudTrail User Guide, "Logging data events"
(docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html),
read 2026-11; the operations are from each service's own page on CloudTrail.
"""


def pairs(table):
    return {(f"{s}.amazonaws.com", n) for s, t in table.items() for n in t.split()}


# Logged as data events and not as management events.
DATA = pairs({
    "s3": """AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload
        DeleteObject DeleteObjectTagging DeleteObjects GetObject GetObjectAcl
        GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging
        GetObjectTorrent HeadBucket HeadObject ListObjectVersions ListObjects ListObjectsV2
        ListParts ListMultipartUploads PutObject PutObjectAcl PutObjectLegalHold
        PutObjectRetention PutObjectTagging RestoreObject SelectObjectContent UploadPart
        UploadPartCopy WriteGetObjectResponse CreateSession RenameObject""",
    "lambda": "Invoke InvokeAsync InvokeWithResponseStream LambdaESMDisabled",
    "dynamodb": """BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem
        ExecuteStatement ExecuteTransaction GetItem PutItem Query Scan TransactGetItems
        TransactWriteItems UpdateItem GetRecords GetShardIterator DescribeStream
        ListStreams""",
    "sns": "Publish PublishBatch",
    "sqs": """ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage
        DeleteMessageBatch ReceiveMessage SendMessage SendMessageBatch""",
    "events": "PutEvents PutPartnerEvents",
    "eventsv2": "PutEvents PutRawEvents",
    "kinesis": "GetRecords GetShardIterator PutRecord PutRecords SubscribeToShard",
    "cassandra": "Select Insert Update Delete GetRecords GetShardIterator",
    "firehose": "PutRecord PutRecordBatch",
    "ses": """SendTemplatedEmail SendBulkEmail
        SendBulkTemplatedEmail SendBounce SendCustomVerificationEmail""",
    "rdsdata": """BatchExecuteStatement BeginTransaction CommitTransaction ExecuteSql
        ExecuteStatement RollbackTransaction""",
    "rdsdataapi": """BatchExecuteStatement BeginTransaction CommitTransaction ExecuteSql
        ExecuteStatement RollbackTransaction""",
    "ebs": """CompleteSnapshot GetSnapshotBlock ListChangedBlocks ListSnapshotBlocks
        PutSnapshotBlock""",
    "monitoring": """PutMetricData GetMetricData GetMetricStatistics GetMetricWidgetImage
        ListMetrics""",
    "bedrock": """InvokeAgent InvokeInlineAgent InvokeFlow Retrieve RetrieveAndGenerate
        RetrieveAndGenerateStream ApplyGuardrail RenderPrompt Rerank GenerateQuery
        InvokeModelWithBidirectionalStream StartAsyncInvoke GetAsyncInvoke
        ListAsyncInvokes""",
    "sagemaker": """InvokeEndpoint InvokeEndpointAsync InvokeEndpointWithResponseStream
        PutRecord GetRecord BatchGetRecord DeleteRecord""",
    "metrics-sagemaker": "BatchGetMetrics BatchPutMetrics",
    "verifiedpermissions": """IsAuthorized IsAuthorizedWithToken BatchIsAuthorized
        BatchIsAuthorizedWithToken""",
    "cognito-identity": """GetId GetCredentialsForIdentity GetOpenIdToken
        GetOpenIdTokenForDeveloperIdentity UnlinkIdentity""",
    "appconfig": "GetLatestConfiguration StartConfigurationSession",
    "servicediscovery": "DiscoverInstances DiscoverInstancesRevision",
    "xray": "PutTraceSegments GetTraceSummaries BatchGetTraces GetTraceGraph",
    "cloudtrail-data": "PutAuditEvents",
    "edgekeyvaluestore": "DeleteKey DescribeKeyValueStore GetKey ListKeys PutKey UpdateKeys",
    "iot": "Publish GetThingShadow UpdateThingShadow DeleteThingShadow",
    "iotsitewise": """BatchGetAssetPropertyAggregates BatchGetAssetPropertyValue
        BatchGetAssetPropertyValueHistory BatchPutAssetPropertyValue GetAssetPropertyAggregates
        GetAssetPropertyValue GetAssetPropertyValueHistory
        GetInterpolatedAssetPropertyValues""",
    "kendra-ranking": "Rescore",
    "kinesisvideo": "GetMedia",
    "machinelearning": "Predict",
    "neptune-graph": "CancelQuery ExecuteQuery GetGraphSummary GetQuery ListQueries",
    "quicksight": "InvokeAction",
    "s3vectors": "DeleteVectors GetVectors ListVectors PutVectors QueryVectors",
    "sdb": """BatchDeleteAttributes BatchPutAttributes DeleteAttributes GetAttributes
        PutAttributes Select""",
    "social-messaging": """DeleteWhatsAppMessageMedia GetWhatsAppMessageMedia
        PostWhatsAppMessageMedia SendWhatsAppMessage""",
    "dataexchange": "SendApiAsset",
    "b2bi": "GetTransformerJob StartTransformerJob",
    "ssmmessages": "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel",
    "swf": """PollForActivityTask PollForDecisionTask RespondActivityTaskCompleted
        RespondDecisionTaskCompleted RecordActivityTaskHeartbeat SignalWorkflowExecution
        StartWorkflowExecution""",
    "timestream": "WriteRecords Query CancelQuery PrepareQuery",
    "sms-voice": "SendTextMessage SendMediaMessage SendVoiceMessage",
    "states": "InvokeHTTPEndpoint",
})

# A resource type of these services is on the list, but which operations are data events and
# which are management events is not (or records contradict the page): both.
UNSURE = pairs({
    "ses": "SendEmail SendRawEmail",
    "backup": """GetSearchJob GetSearchResultExportJob ListSearchJobBackups
        ListSearchJobResults ListSearchJobs ListSearchResultExportJobs StartSearchJob
        StartSearchResultExportJob StopSearchJob""",
    "bedrock": """CreateInvocation CreateSession DeleteSession EndSession GetDataAutomationStatus
        GetExecutionFlowSnapshot GetFlowExecution GetInvocationStep GetSession
        InvokeDataAutomation InvokeDataAutomationAsync ListFlowExecutionEvents
        ListFlowExecutions ListInvocationSteps ListInvocations ListSessions OptimizePrompt
        PutInvocationStep StartFlowExecution StopFlowExecution UpdateSession
        AgenticRetrieveStream InvokeGuardrailChecks DeleteAgentMemory GetAgentMemory""",
    "codeguru-profiler": "ConfigureAgent PostAgentProfile",
    "deadline": """AssumeFleetRoleForWorker AssumeQueueRoleForWorker AssumeFleetRoleForRead
        AssumeQueueRoleForRead AssumeQueueRoleForUser BatchGetJobEntity UpdateWorkerSchedule
        UpdateWorker CreateWorker SearchJobs SearchSteps SearchTasks SearchWorkers""",
    "airflow": "CreateCliToken CreateWebLoginToken InvokeRestApi PublishMetrics",
    "gameliftstreams": """CreateStreamSessionConnection GetStreamSession
        ListStreamSessions ListStreamSessionsByAccount StartStreamSession
        TerminateStreamSession ExportStreamSessionFiles""",
    "greengrass": """GetComponentVersionArtifact ResolveComponentCandidates GetDeployment
        ListEffectiveDeployments""",
    "iotsitewise": "ExecuteQuery InvokeAssistant",
    "iottwinmaker": "BatchPutPropertyValues ExecuteQuery GetPropertyValue GetPropertyValueHistory",
    "kinesisvideo": """GetClip GetDASHStreamingSessionURL GetHLSStreamingSessionURL GetImages
        GetMediaForFragmentList ListFragments GetIceServerConfig SendAlexaOfferToMaster
        JoinStorageSession JoinStorageSessionAsViewer""",
    "lex": """DeleteSession GetSession PostContent PostText PutSession RecognizeText
        RecognizeUtterance StartConversation""",
    "medical-imaging": """CopyImageSet DeleteImageSet GetImageFrame GetImageSet
        GetImageSetMetadata ListImageSetVersions SearchImageSets UpdateImageSetMetadata""",
    "pinpoint": """PhoneNumberValidate PutEvents SendMessages SendOTPMessage SendUsersMessages
        VerifyOTPMessage""",
    "qbusiness": """BatchDeleteDocument BatchPutDocument Chat ChatSync CheckDocumentAccess
        DeleteConversation ListConversations ListDocuments ListMessages PutFeedback
        SearchRelevantContent""",
    "resource-explorer-2": "ListResources Search",
    "rum": "GetAppMonitorData PutRumEvents",
    "servicediscovery": "UpdateInstanceCustomHealthStatus",
    "signer": "GetRevocationStatus SignPayload",
    "ssm": "RequestManagedInstanceRoleToken UpdateInstanceInformation",
    "states": """GetActivityTask SendTaskFailure SendTaskHeartbeat SendTaskSuccess
        StartSyncExecution""",
    "timestream": "DescribeEndpoints",
    "sagemaker": "InvokeGlobalInferenceGateway InvokeInferenceRouter InvokeInferenceRouterAsync",
    "sms-voice": "CarrierLookup",
})

# Services whose whole SDK model is data plane, logged as data events of the type named.
DATA_MODELS = {
    "geo-maps": "AWS::GeoMaps::Provider",
    "geo-places": "AWS::GeoPlaces::Provider",
    "geo-routes": "AWS::GeoRoutes::Provider",
    "managedblockchain-query": "AWS::ManagedBlockchainQuery::QueryAPI",
    "payment-cryptography-data": "AWS::PaymentCryptography::Key",
}
# The same, but some operations may be management events: both.
UNSURE_MODELS = {
    "bedrock-agentcore": "AWS::BedrockAgentCore::*",
    "qapps": "AWS::QApps::QApp",
}
