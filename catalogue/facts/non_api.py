"""Events that are no operation of a public SDK, or that are logged as another kind as well.

One entry: (page, event source, kind, access, evidence, names).
  access    R, W, or RW where it is unknown or contradicted; "?": as for an SDK operation
  kind      service  AwsServiceEvent   "AWS Service Event via CloudTrail"
            signin   AwsConsoleSignIn  "AWS Console Sign In via CloudTrail"
            console  AwsConsoleAction  "AWS Console Action via CloudTrail"
            api      AwsApiCall        "AWS API Call via CloudTrail", an API without public SDK
            data     AwsApiCall, logged only where a trail selects the resource type
  evidence  d  the page names the event and its kind
            r  public log records show it
            u  the page tells of such events without naming this one, or names it without its
               kind: assumed to the wide side
  page      under docs.aws.amazon.com (read 2026-11), a guide where the page is not known;
            "-" where only records are known
"""

CT = "awscloudtrail/latest/userguide/"
SIGNIN = CT + "cloudtrail-event-reference-aws-console-sign-in-events.html"
SSO = "singlesignon/latest/userguide/sso-info-in-cloudtrail.html"
SSO_SIGNIN = "singlesignon/latest/userguide/understanding-sign-in-events.html"
WORKSPACES = "workspaces/latest/adminguide/signin-events.html"
IAM = "IAM/latest/UserGuide/cloudtrail-integration.html"
TOWER = "controltower/latest/userguide/lifecycle-events.html"
BACKUP = "aws-backup/latest/devguide/logging-using-cloudtrail.html"
QUICK = "quicksight/latest/user/logging-non-api.html"
TRUSTED = "awssupport/latest/user/logging-using-cloudtrail-for-aws-trusted-advisor.html"
PLANS = "awssupport/latest/user/logging-using-cloudtrail-support-plans.html"
SCIM = "singlesignon/latest/userguide/scim-logging-using-cloudtrail.html"
ORGANIZATIONS = "organizations/latest/userguide/orgs_cloudtrail-integration.html"
COGNITO = "cognito/latest/developerguide/logging-using-cloudtrail.html"
KEYSPACES = "keyspaces/latest/devguide/logging-using-cloudtrail.html"
BILLING = "awsaccountbilling/latest/aboutv2/logging-using-cloudtrail.html"
READS = "eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html"
CAPACITY = "AWSEC2/latest/UserGuide/capacity-blocks-logging-using-cloudtrail.html"
S3 = "AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html"
S3EXPRESS = "AmazonS3/latest/userguide/s3-express-cloudtrail-logging.html"

BILLING_CONSOLE = """AcceptFxPaymentCurrencyTermsAndConditions CloseAccount
CreateOrigamiReportPreference DeleteOrigamiReportPreferences DownloadCommercialInvoice
DownloadECSVForBillingPeriod DownloadRegistrationDocument EnableBillingAlerts
FindECSVForBillingPeriod GetAccountEDPStatus GetAddresses GetAllAccounts
GetBillsForBillingPeriod GetBillsForLinkedAccount GetCommercialInvoicesForBillingPeriod
GetConsolidatedBillingFamilySummary GetLinkedAccountNames GetSupportedCountryCodes GetTotal
GetTotalAmountForForecast RedeemPromoCode SetAccountContractMetadata SetAccountPreferences
SetAdditionalContacts SetContactAddress SetCreatedByOptIn SetCreditSharing
SetFreetierBudgetsPreference SetFxPaymentCurrency SetIAMAccessPreference SetPANInformation
SetPayInformation SetRISharing SetSecurityQuestions UpdateOrigamiReportPreference
ValidateAddress"""
TAX_CONSOLE = """BatchGetTaxExemptions CreateCustomerCase DownloadTaxInvoice
GetTaxExemptionTypes GetTaxInheritance GetTaxInvoicesMetadata GetTaxRegistration
PreviewTaxRegistrationChange SetTaxInheritance"""

EXTRA = [
    # ---------------------------------------------------------------------------- sign-in
    (SIGNIN, "signin", "signin", "W", "d", """ConsoleLogin CheckMfa SwitchRole ExitRole RenewRole
        PasswordRecoveryRequested PasswordRecoveryCompleted PasswordUpdated EmailUpdated
        MfaChanged GetSigninToken"""),
    (SSO_SIGNIN, "signin", "service", "W", "d",
        "CredentialChallenge CredentialVerification UserAuthentication"),
    ("transfer/latest/userguide/", "signin", "service", "W", "d",
        "CredentialVerification UserAuthentication"),
    (WORKSPACES, "signin", "service", "W", "d",
        "CredentialChallenge CredentialVerification UserAuthentication"),
    (SIGNIN, "signin", "signin", "W", "u",
        "CredentialChallenge CredentialVerification UserAuthentication"),
    ("-", "signin", "signin", "W", "r", "ExternalIdPDirectoryLogin"),
    ("singlesignon/latest/userguide/troubleshooting.html", "signin", "service", "W", "u",
        "ExternalIdPDirectoryLogin"),
    (IAM, "signin", "api", "R", "d", "AuthorizeOAuth2Access CreateOAuth2Token"),
    # IAM calls making a token a read, and CreateOAuth2Token is logged as one.
    (IAM, "signin", "api", "R", "u", """CreateOAuth2TokenWithIAM
        CreateOAuth2TokenWithTokenExchange RevokeOAuth2TokenWithIAM"""),
    (SSO, "sso", "service", "W", "d", "Authenticate Federate Logout"),
    (SSO, "sso", "service", "R", "d", """GetRoleCredentials ListAccounts ListAccountRoles
        ListApplications ListProfilesForApplication"""),
    (SSO_SIGNIN, "sso", "service", "W", "u",
        "UserAuthentication CredentialChallenge CredentialVerification"),
    (SSO, "sso", "api", "W", "d", """AssociateDirectory AssociateProfile CreateApplicationInstance
        CreateProfile CreateTrust DeleteApplicationInstance DeleteProfile DisassociateDirectory
        DisassociateProfile DisableExternalIdPConfigurationForDirectory
        EnableExternalIdPConfigurationForDirectory ImportApplicationInstanceServiceProviderMetadata
        PutApplicationAssignmentConfiguration PutMfaDeviceManagementForDirectory
        PutPermissionsPolicy StartSSO UpdateApplicationInstanceStatus UpdateProfile
        UpdateSSOConfiguration UpdateSsoConfiguration UpdateTrust DeleteTrust
        CreateManagedApplicationInstance DeleteManagedApplicationInstance"""),
    (SSO, "sso-directory", "api", "W", "d", """AddMemberToGroup
        CompleteVirtualMfaDeviceRegistration
        CompleteWebAuthnDeviceRegistration CreateAlias CreateBearerToken
        CreateExternalIdPConfigurationForDirectory CreateGroup
        CreateProvisioningTenant CreateUser DeleteBearerToken
        DeleteExternalIdPConfigurationForDirectory DeleteGroup DeleteMfaDeviceForUser
        DeleteProvisioningTenant DeleteUser DisableExternalIdPConfigurationForDirectory
        DisableUser EnableExternalIdPConfigurationForDirectory EnableUser
        RemoveMemberFromGroup StartVirtualMfaDeviceRegistration StartWebAuthnDeviceRegistration
        UpdateExternalIdPConfigurationForDirectory UpdateGroup UpdateGroupDisplayName
        UpdateMfaDeviceForUser UpdatePassword UpdateUser UpdateUserName VerifyEmail"""),
    (SCIM, "identitystore-scim", "api", "?", "d", """CreateGroup CreateUser DeleteGroup
        DeleteUser GetGroup GetSchema GetUser ListGroups ListResourceTypes ListSchemas ListUsers
        PatchGroup PatchUser PutUser"""),
    (SCIM, "identitystore-scim", "api", "R", "d", "ServiceProviderConfig"),
    # -------------------------------------------------------------------- accounts, billing
    (TOWER, "controltower", "service", "W", "d", """CreateManagedAccount UpdateManagedAccount
        EnableGuardrail DisableGuardrail SetupLandingZone UpdateLandingZone
        RegisterOrganizationalUnit DeregisterOrganizationalUnit PrecheckOrganizationalUnit
        EnableBaseline ResetEnabledBaseline UpdateEnabledBaseline DisableBaseline
        EnableControl ResetEnabledControl UpdateEnabledControl DisableControl"""),
    # "named so that it corresponds to the originating action, which also is recorded"
    (TOWER, "controltower", "api", "W", "d", """CreateManagedAccount UpdateManagedAccount
        EnableGuardrail DisableGuardrail SetupLandingZone UpdateLandingZone
        RegisterOrganizationalUnit DeregisterOrganizationalUnit"""),
    (ORGANIZATIONS, "organizations", "service", "W", "d", """CreateAccountResult
        CloseAccountResult ResponsibilityTransferAccepted ResponsibilityTransferTerminated"""),
    (ORGANIZATIONS, "organizations", "service", "R", "d", "EffectivePolicyValidation"),
    (ORGANIZATIONS, "organizations", "service", "W", "u", """AcceptHandshake DeclineHandshake
        MoveAccount LeaveOrganization"""),
    # The page shows AwsConsoleAction for one event of each console and no kind for the others;
    # the Payments events, once part of billingconsole, are AwsApiCall.
    (BILLING, "billingconsole", "console", "?", "d", BILLING_CONSOLE),
    (BILLING, "billingconsole", "api", "?", "u", BILLING_CONSOLE),
    (BILLING, "taxconsole", "console", "?", "d", TAX_CONSOLE),
    (BILLING, "taxconsole", "api", "?", "u", TAX_CONSOLE),
    # The record of Instruments_Create says readOnly true: every access is doubtful.
    (BILLING, "payments", "api", "RW", "d", """Financing_AcceptFinancingApplicationTerms
        Financing_CreateFinancingApplication Financing_UpdateFinancingApplication
        Instruments_Authenticate Instruments_Create Instruments_Delete Instruments_StartCreate
        Instruments_Update Preferences_CreatePaymentProfile Preferences_DeletePaymentProfile
        Preferences_UpdatePaymentProfile TagResource UntagResource
        TermsAndConditions_AcceptTermsAndConditionsForProgramByAccountId"""),
    (BILLING, "payments", "api", "R", "d", """Financing_GetFinancingApplication
        Financing_GetFinancingApplicationDocument Financing_GetFinancingLine
        Financing_GetFinancingLineWithdrawal Financing_GetFinancingLineWithdrawalDocument
        Financing_GetFinancingLineWithdrawalStatements Financing_GetFinancingOption
        Financing_ListFinancingApplications Financing_ListFinancingLines
        Financing_ListFinancingLineWithdrawals Instruments_Get Instruments_List
        ListTagsForResource Policy_GetPaymentInstrumentEligibility
        Preferences_BatchGetPaymentProfiles Preferences_ListPaymentProfiles
        Programs_ListPaymentProgramOptions Programs_ListPaymentProgramStatus
        TermsAndConditions_GetAcceptedTermsAndConditionsForProgramByAccountId
        TermsAndConditions_GetRecommendedTermsAndConditionsForProgram"""),
    (BILLING, "purchase-orders", "api", "?", "d", """AddPurchaseOrder DeletePurchaseOrder
        GetPurchaseOrder ListPurchaseOrders ListPurchaseOrderInvoices ListTagsForResource
        TagResource UntagResource UpdatePurchaseOrder UpdatePurchaseOrderStatus"""),
    (BILLING, "customer-verification", "api", "?", "d", """CreateCustomerVerificationDetails
        GetCustomerVerificationDetails GetCustomerVerificationEligibility
        UpdateCustomerVerificationDetails"""),
    (PLANS, "supportplans", "api", "?", "d", """CreateSupportPlanSchedule GetSupportPlan
        GetSupportPlanUpdateStatus ListSupportPlanModifiers StartSupportPlanUpdate"""),
    (PLANS, "support-subscription", "api", "?", "d", """DescribeSupportLevelSummary
        UpdateProbationAutoCancellation UpdateSupportLevel"""),
    (TRUSTED, "trustedadvisor", "api", "?", "d", """CreateEngagement CreateEngagementAttachment
        CreateEngagementCommunication CreateExcelReport DescribeAccount DescribeAccountAccess
        DescribeCheckItems DescribeCheckRefreshStatuses DescribeCheckSummaries DescribeChecks
        DescribeNotificationPreferences DescribeOrganization DescribeOrganizationAccounts
        DescribeReports DescribeServiceMetadata ExcludeCheckItems GenerateReport GetEngagement
        GetEngagementAttachment GetEngagementType GetExcelReport IncludeCheckItems
        ListAccountsForParent ListEngagementCommunications ListEngagementTypes ListEngagements
        ListOrganizationalUnitsForParent ListRoots RefreshCheck SetAccountAccess
        SetOrganizationAccess UpdateEngagement UpdateEngagementStatus
        UpdateNotificationPreferences"""),
    (BILLING, "aws-portal", "console", "W", "d",
        "ModifyAccount ModifyBilling ModifyPaymentMethods"),
    (READS, "billingconsole", "console", "R", "d", """AWSPaymentInstrumentGateway.Get
        AWSPaymentPortalService.DescribeMakePaymentPage
        AWSPaymentPortalService.DescribePaymentsDashboard
        AWSPaymentPortalService.GetAccountPreferences
        AWSPaymentPortalService.GetAdvancePaySummary
        AWSPaymentPortalService.GetBillingContactAddress AWSPaymentPortalService.GetDocuments
        AWSPaymentPortalService.GetEligiblePaymentInstruments
        AWSPaymentPortalService.GetPaymentHistory AWSPaymentPortalService.GetPaymentsDue
        AWSPaymentPortalService.GetTermsAndConditionsForProgramGroup
        AWSPaymentPortalService.GetUnpaidInvoices AWSPaymentPreferenceGateway.Get
        CancelBulkDownload DownloadCommercialInvoice DownloadCsv DownloadDoc
        DownloadECSVForBillingPeriod DownloadPaymentHistory DownloadRegistrationDocument
        DownloadTaxInvoice FindBankRedirectPaymentInstruments FindECSVForBillingPeriod
        ValidateReportDestination VerifyChinaPaymentEligibility"""),
    ("servicequotas/latest/userguide/logging-using-cloudtrail.html",
        "servicequotas", "service", "W", "d", "UpdateServiceQuotaIncreaseRequestStatus"),
    # the page on automatic management
    ("servicequotas/latest/userguide/", "servicequotas", "service", "W", "d",
        "ServiceQuotasUtilizationBreachingThreshold"),
    # ----------------------------------------------------------------- keys, secrets, trails
    ("kms/latest/developerguide/logging-using-cloudtrail.html", "kms", "service", "W", "d",
        "RotateKey DeleteKey SynchronizeMultiRegionKey DeleteExpiredKeyMaterial"),
    ("secretsmanager/latest/userguide/cloudtrail_log_entries.html",
        "secretsmanager", "service", "W", "d", """RotationStarted RotationAbandoned RotationFailed
        RotationSucceeded TestRotationStarted TestRotationSucceeded TestRotationFailed
        StartSecretVersionDelete CancelSecretVersionDelete EndSecretVersionDelete"""),
    ("privateca/latest/userguide/logging-using-cloudtrail.html",
        "acm-pca", "service", "W", "d", "IssueCertificateDetails GenerateCRL GenerateOCSPResponse"),
    (CT + "cloudtrail-service-linked-channels.html", "cloudtrail", "service", "W", "d",
        "CreateServiceLinkedChannel"),
    # "for example, creating or updating a service-linked channel"
    (CT + "cloudtrail-service-linked-channels.html", "cloudtrail", "service", "W", "u",
        "DeleteServiceLinkedChannel UpdateServiceLinkedChannel"),
    # --------------------------------------------------------------------- compute, storage
    (CT + "non-api-aws-service-events.html", "ec2", "service", "W", "d",
        "BidEvictedEvent BidFulfilledEvent BidCreatedEvent"),
    ("ebs/latest/userguide/ebs-modifying-snapshot-permissions.html", "ec2", "service", "W", "d",
        "SharedSnapshotCopyInitiated SharedSnapshotVolumeCreated"),
    (CAPACITY, "ec2", "service", "W", "d", """CapacityBlockActive CapacityBlockExpired
        CapacityBlockFailed CapacityBlockPaymentFailed CapacityBlockScheduled
        TerminateCapacityBlockInstances"""),
    # The heading of the last one has another spelling than its record; the first is older.
    (CAPACITY, "ec2", "service", "W", "u",
        "CapacityReservationExpired TerminateCapacityBlocksInstances"),
    ("autoscaling/ec2/userguide/logging-using-cloudtrail.html", "autoscaling", "service", "W",
        "d", "RecommendationExecuted"),
    ("codebuild/latest/userguide/cloudtrail.html", "codebuild", "service", "R", "d",
        "RequestBadge"),
    ("AmazonECR/latest/userguide/logging-using-cloudtrail.html", "ecr", "service", "R", "d",
        "DryRunEvent PolicyExecutionEvent"),
    ("efs/latest/ug/logging-using-cloudtrail.html", "elasticfilesystem", "service", "R", "d",
        "NewClientConnection UpdateClientConnection"),
    ("lambda/latest/dg/logging-using-cloudtrail.html", "lambda", "service", "W", "d",
        "LambdaESMDisabled"),
    ("appstream2/latest/developerguide/example-service-name-log-file-entries.html",
        "appstream", "service", "W", "d", "CreateImage"),
    (S3, "s3", "service", "R", "d", "GenerateInventory"),
    (S3, "s3", "service", "W", "d", "JobCreated JobStatusChanged"),
    ("sagemaker/latest/dg/logging-using-cloudtrail.html", "sagemaker", "service", "W", "u",
        "CreateTrainingJob StopTrainingJob"),
    (BACKUP, "backup", "service", "W", "d", """AssociateBackupVaultMpaApprovalTeamCompleted
        AssociateBackupVaultMpaApprovalTeamFailed BackupAccessPointCreated
        BackupAccessPointCreationFailed BackupAccessPointDeleted
        BackupAccessPointDeletionFailed BackupAccessPointExpired
        BackupAccessPointDisassociated BackupDeleted BackupJobCompleted BackupJobStarted
        BackupSelectionDeletedDueToSLRDeletion BackupTransitionedToCold CopyJobCompleted
        CopyJobStarted CreateRestoreAccessBackupVaultFailed
        DisassociateBackupVaultMpaApprovalTeamFailed PutBackupVaultNotifications
        ProcessBackupPlanSelection RecoveryPointCreated ReportJobCompleted ReportJobStarted
        RestoreAccessBackupVaultDeleted RestoreCompleted RestoreStarted
        RevokeRestoreAccessBackupVaultFailed ScanJobCompleted ScanJobCreated ScanJobFailed
        ScanJobStarted CreateOrganizationalBackupPlan UpdateOrganizationalBackupPlan
        DeleteOrganizationalBackupPlan InvalidOrganizationBackupPlan"""),
    # ------------------------------------------------------------------- users of customers
    (COGNITO, "cognito-idp", "service", "R", "d", """Beta_Authorize_GET Confirm_GET
        ConfirmForgotPassword_GET Error_GET ForgotPassword_GET Login_Error_POST Login_GET Mfa_GET
        MfaOption_GET ResetPassword_GET Signup_GET UserInfo_GET UserInfo_POST"""),
    (COGNITO, "cognito-idp", "service", "W", "d", """Authorize_GET Login_POST Logout_GET Mfa_POST
        ForgotPassword_POST ConfirmForgotPassword_POST ResetPassword_POST Signup_POST
        Confirm_POST Token_POST Revoke_POST SAML2Response_POST OAuth2Response_GET"""),
    (COGNITO, "cognito-idp", "service", "RW", "d", """CognitoAuthentication OAuth2_Authorize_GET
        OAuth2Response_POST Beta_SAML2Response_POST Login_OIDC_SAML_POST Beta_Token_POST
        ResendCode_POST MfaOption_POST MfaRegister_GET MfaRegister_POST Logout SAML2Logout_POST
        Confirm_With_Link_GET Event_Feedback_GET login_POST login_continue_POST
        forgotPassword_POST selectChallenge_POST confirmUser_GET mfa_back_POST mfa_options_POST
        mfa_phone_register_POST mfa_phone_verify_POST mfa_phone_resendCode_POST mfa_totp_POST
        signup_POST signup_confirm_POST verifyCode_POST passkeys_add_POST passkeys_add_GET
        login_passkey_POST"""),
    (QUICK, "quicksight", "service", "R", "d",
        "GetAnalysis GetDashboard QueryDatabase Querydatabase"),
    (QUICK, "quicksight", "service", "W", "d", """CreateAccount BatchCreateUser
        BatchResendUserInvite UpdateGroups UpdateAccountSettings UpdateSpiceCapacity DeleteUser
        Unsubscribe CreateSubscription UpdateSubscription DeleteSubscription CreateDashboard
        UpdateDashboard UpdateDashboardAccess DeleteDashboard CreateAnalysis
        UpdateAnalysisAccess UpdateAnalysis RenameAnalysis CreateVisual RenameVisual DeleteVisual
        DeleteAnalysis CreateDataSource FlatFile External S3 ImportS3ManifestFile Presto RDS
        Redshift UpdateDataSource DeleteDataSource CreateDataSet CustomSQL SQLTable File
        UpdateDataSet UpdateDatasetAccess DeleteDataSet"""),
    ("-", "eventsv2", "api", "W", "r", """CreateEventBus CreateSubscriber UpdateSubscriber
        PutResourcePolicy DeleteResourcePolicy"""),
    # ------------------------------------------------- API calls that no public SDK model has
    (S3, "s3", "api", "R", "d", "PreflightObject Presign echo GetStorageLensDashboardDataInternal"),
    (S3EXPRESS, "s3express", "api", "W", "d", """CreateBucket DeleteBucket DeleteBucketPolicy
        PutBucketPolicy PutBucketEncryption DeleteBucketEncryption"""),
    (S3EXPRESS, "s3express", "api", "R", "d",
        "GetBucketPolicy ListDirectoryBuckets GetBucketEncryption"),
    (S3EXPRESS, "s3express", "data", "R", "d", """GetObject GetObjectAttributes HeadBucket
        HeadObject ListObjectsV2 ListParts"""),
    (S3EXPRESS, "s3express", "data", "W", "d", """AbortMultipartUpload CompleteMultipartUpload
        CopyObject CreateMultipartUpload CreateSession DeleteObject DeleteObjects PutObject
        UploadPart UploadPartCopy"""),
    (READS, "eks", "api", "R", "d", "AccessKubernetesApi"),
    (READS, "autoscaling", "api", "R", "d", "AreScalableTargetsRegistered"),
    (READS, "codecommit", "api", "R", "d", "GitPull"),
    ("codecommit/latest/userguide/integ-cloudtrail.html", "codecommit", "api", "W", "d",
        "GitPush"),
    (READS, "codeartifact", "api", "R", "d", "ReadFromRepository"),
    (READS, "cloudshell", "api", "R", "d", "RedeemCode"),
    (READS, "ssm", "api", "R", "d", "ExecuteApi ListInstanceAssociations"),
    ("-", "ssm", "api", "W", "r", """OpenDataChannel PutConfigurePackageResult
        RequestManagedInstanceRoleToken UpdateInstanceAssociationStatus
        UpdateInstanceInformation"""),
    ("systems-manager/latest/userguide/monitoring-cloudtrail-logs.html",
        "ssmmessages", "data", "W", "d", """CreateControlChannel CreateDataChannel
        OpenControlChannel OpenDataChannel"""),
    ("msk/latest/developerguide/",
        "kafka-cluster", "api", "?", "d", "CreateTopic"),
    ("AWSEC2/latest/UserGuide/log-ec2-instance-connect-endpoint-using-cloudtrail.html",
        "ec2-instance-connect", "api", "W", "d", "OpenTunnel"),
    (CT + "logging-data-events-with-cloudtrail.html", "ec2-instance-connect", "data", "W", "u",
        "OpenTunnel"),
    ("rolesanywhere/latest/userguide/logging-using-cloudtrail.html",
        "rolesanywhere", "api", "W", "d", "CreateSession"),
    (READS, "route53domains", "api", "R", "d", """checkAvailabilities checkDomainTransferability
        isEmailReachable searchDomains sendVerificationMessage viewBilling"""),
    (READS, "notifications", "api", "R", "d", "ListNotificationEvents"),
    (READS, "health", "api", "R", "d", "DescribeEventAggregates"),
    (READS, "ce", "api", "R", "d", "GetConsoleActionSetEnforced"),
    (READS, "rds", "api", "R", "d", """DownloadCompleteDBLogFile DescribeRecommendationGroups
        DescribeRecommendations"""),
    (READS, "discovery-marketplace", "api", "R", "d", "GetListingView"),
    ("-", "bedrock", "api", "W", "r", "PutFoundationModelEntitlement"),
    ("AmazonECS/latest/developerguide/logging-using-cloudtrail.html", "ecs", "data", "W", "d",
        "Poll StartTelemetrySession PutSystemLogEvents"),
    ("eks/latest/userguide/logging-using-cloudtrail.html", "eks", "data", "R", "u",
        "ListDashboardData ListDashboardResources"),
    ("guardduty/latest/ug/logging-using-cloudtrail.html", "guardduty", "data", "W", "d",
        "SendSecurityTelemetry"),
    ("aurora-dsql/latest/userguide/", "dsql", "data", "R", "u",
        "DbConnect DbConnectAdmin"),
    (KEYSPACES, "cassandra", "data", "R", "d",
        "Select"),
    (KEYSPACES, "cassandra", "data", "W", "d",
        "Insert Update Delete"),
]

# "By default, each log entry contains … eventType (AwsServiceEvent)", and the events named are
# "a subset": every operation of these sources may be a service event as well.
ALL_MAY_BE_SERVICE_EVENTS = {"quicksight.amazonaws.com": QUICK}

# IAM actions of services that log to CloudTrail but have no public SDK model: candidates. Not
# taken: retired services, and those whose names would only blur the names of others.
IAM_ONLY = """cloudshell codewhisperer consoleapp customer-verification deepracer kafka-cluster
monitron networkmanager-chat purchase-orders sqlworkbench sso sso-directory support-console
supportplans transform trustedadvisor user-subscriptions vendor-insights""".split()
