//! The codes of errors: what makes a blueprint invalid, by itself or for the accounts and regions
//! that it covers.

codes! {
    /// What makes a blueprint invalid.
    ERRORS, Error:
    ACCOUNT_ID_INVALID = "account-id-invalid",
        "An account id has other than twelve digits.",
        "Write all twelve, in quotes: `\"012345678901\"`.";
    ACCOUNT_ID_NUMBER = "account-id-number",
        "An account id is written as a number, which loses leading zeros and matches nothing.",
        "Put it into quotes: `\"012345678901\"`.";
    ACCOUNT_REPEATED = "account-repeated",
        "An account or its name stands twice, is listed and excluded, or the organization has two \
         entries.",
        "List each account once, under a name of its own; `include_ous` and `exclude` of the one \
         entry of the organization are lists.";
    ALLOW_UNKNOWN = "allow-unknown",
        "`allow:` names something that is not a warning.",
        "Write the code of a warning; errors and notes cannot be silenced.";
    ARN_INVALID = "arn-invalid",
        "An ARN is malformed, or is of another kind than its key asks for.",
        "Compare it with the form that the help shows; the account has twelve digits.";
    BUCKET_NAME_INVALID = "bucket-name-invalid",
        "S3 would refuse this bucket name.",
        "See [S3's \
         rules](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).";
    CHAT_FORMAT = "chat-format",
        "A chat channel is subscribed to a destination of another format, whose messages it would \
         drop.",
        "Write `format: chat`, and give people with other endpoints a destination of their own.";
    CONDITION_NOT_EXPRESSIBLE = "condition-not-expressible",
        "An alert's condition is on a field that ctguard decides itself, so no exact pattern can \
         be made.",
        "Leave the service, the event's name and its outcome to `events:` and `outcome:`, and put \
         conditions on other fields.";
    DATE_INVALID = "date-invalid",
        "A date is not `YYYY-MM-DD`, or is not in the calendar.",
        "Write the last day on which it holds, as `2027-01-31`, in UTC.";
    DESTINATION_TOPIC = "destination-topic",
        "A destination has neither `topic` nor `topic_arn`, or both.",
        "Write `topic: NAME` for a topic that ctguard keeps, or `topic_arn: ARN` for one that \
         exists.";
    DUPLICATE_KEY = "duplicate-key",
        "A key stands twice in one mapping; YAML readers silently keep one of them.",
        "Keep one of the two.";
    EMAIL_INVALID = "email-invalid",
        "This is not an e-mail address.",
        "Write one bare address, without a name or brackets.";
    EMPTY_VALUE = "empty-value",
        "A value that is needed is empty.",
        "Write something, or remove the key.";
    EVENT_AMBIGUOUS = "event-ambiguous",
        "Several services log an event of this name.",
        "Write `service:EventName`; the help lists the services.";
    EVENT_INVALID = "event-invalid",
        "An event reference is not `service:EventName`, or its keys contradict each other.",
        "Write `service:EventName`, or a family: `any`, `iam:*`, `ec2:Delete*`. `read_only` goes \
         with `unchecked: true` only, `access` with families only.";
    EVENT_OUT_OF_SCOPE = "event-out-of-scope",
        "An event lands only in a region that the blueprint does not cover, so its alert would \
         never be raised.",
        "Add the region that is named to `regions`. Global services such as IAM land in one \
         region of each partition.";
    EVENT_UNKNOWN = "event-unknown",
        "The catalogue has no event of this name.",
        "Mind the spelling: names are case-sensitive. For an event newer than the catalogue write \
         `{ source: x.amazonaws.com, name: NewCall, unchecked: true }`.";
    EXCEPTION_NOT_EXPRESSIBLE = "exception-not-expressible",
        "An exception cannot be turned into its opposite, which is what an event pattern has to \
         hold.",
        "Write the exception on plain fields with exact values, prefixes or CIDR blocks, or \
         narrow the alert's `where` instead. A field that holds a list cannot be excepted.";
    EXPORT_TEXT = "export-text",
        "An export cannot hold this text: the engine that deploys it would make another of it.",
        "Write the text otherwise, as the help says.";
    FAMILY_WITHOUT_WHERE = "family-without-where",
        "A family of events (`any`, `iam:*`, `ec2:Delete*`) has no `where`: everything that happens \
         would raise the alert.",
        "Say in `where` which of them matter, or list the events.";
    FILE_EMPTY = "file-empty",
        "The file holds nothing, or only comments.",
        "`ctguard init` writes a commented blueprint to start from.";
    FILE_IS_INCLUDED = "file-is-included",
        "The file is one that a blueprint includes, and is no blueprint itself.",
        "Name the blueprint that includes it. To check it alone, write one that does, as the \
         message shows.";
    FILE_MISSING = "file-missing",
        "There is no such file.",
        "Check the path; it is relative to the current folder, or for an include to the \
         blueprint's folder.";
    FILE_NOT_UTF8 = "file-not-utf8",
        "The file is not UTF-8 text.",
        "Save the file as UTF-8.";
    FILE_TOO_LARGE = "file-too-large",
        "The file is larger than any blueprint needs to be.",
        "Blueprints have at most 8 MiB. Check that it is the right file; `include` joins several.";
    FILE_UNREADABLE = "file-unreadable",
        "The file exists and could not be read.",
        "Name a file, not a folder, and check its permissions.";
    FILTER_INVALID = "filter-invalid",
        "EventBridge would refuse this condition, or it would never match as written.",
        "Values stand in a list, paths begin below `detail`; the operators are \
         [EventBridge's](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html).";
    FORMAT_REFUSED = "format-refused",
        "The file cannot be formatted without changing what it says.",
        "Write it in a plainer way, without tabs and without comments inside of brackets.";
    HEAL_INVALID = "heal-invalid",
        "The trail could not be put back as `heal` says.",
        "Healing is of the trail that `trail:` keeps, is told to a destination for people, and has \
         a limit within an hour. Correct the value as the message says.";
    HUB_OUT_OF_SCOPE = "hub-out-of-scope",
        "The hub's account or region is not covered, so nobody would hear of what happens in the \
         hub itself.",
        "Add the account to `accounts` or the region to `regions`, or choose a hub that is \
         covered. Where accounts are discovered, or `regions: enabled`, other commands than \
         `validate` say it.";
    HUB_POLICY_TOO_LARGE = "hub-policy-too-large",
        "The policy of the hub's bus would be longer than AWS takes.",
        "Exclude fewer accounts of the organization, or name fewer organizational units.";
    HUB_TOO_MANY_ACCOUNTS = "hub-too-many-accounts",
        "More accounts send to the hub than can be named one by one.",
        "Up to 30 can be named. For more, add `organization: o-…` to `hub:`, or discover the \
         accounts with `accounts: [{ organization: … }]`.";
    HUB_UNREACHABLE = "hub-unreachable",
        "EventBridge does not send events from every region covered to the hub's.",
        "In China it sends none to another region: cover the hub's region alone, or leave `hub` \
         out.";
    ID_REPEATED = "id-repeated",
        "Two alerts have the same id.",
        "Choose another id, or `omit` the included alert.";
    INCLUDE_OUTSIDE = "include-outside",
        "An included file is outside the blueprint's folder.",
        "Move or copy the file into the blueprint's folder; links that lead out of it count as \
         outside.";
    INCLUDE_REPEATED = "include-repeated",
        "A file or built-in blueprint is included twice, or includes itself.",
        "Include each file once.";
    INCLUDE_UNKNOWN = "include-unknown",
        "There is no built-in blueprint of this id.",
        "The help lists the built-in blueprints.";
    KMS_KEY = "kms-key",
        "EventBridge or CloudTrail could not use this key here.",
        "Write `alias/NAME` or the ARN of a customer-managed key, with `{region}` and `{account}` \
         in it where several regions are covered. AWS's own keys, such as `alias/aws/sns`, cannot \
         let EventBridge in.";
    MESSAGE_TOO_LARGE = "message-too-large",
        "An alert's message is longer than an input transformer takes.",
        "Shorten the alert's `title`, `why` or `next`.";
    MISSING_KEY = "missing-key",
        "A key that is needed is absent.",
        "Add the key; the help says what it holds.";
    NAME_INVALID = "name-invalid",
        "A name or id has other characters, or more of them, than AWS's names leave room for.",
        "Use a-z, 0-9 and `-`, beginning and ending with a letter or digit: at most 20 characters \
         for the blueprint, 31 for alerts and destinations. An alert's id is not `forward-` and a \
         number: rules of that name forward events to a hub.";
    NEVER_MATCHES = "never-matches",
        "An alert's `where`, `outcome` and exceptions leave no event for which it could fire.",
        "Loosen one of them: conditions on one field hold together, and `outcome: success` leaves \
         out every event with an error code.";
    OMIT_UNKNOWN = "omit-unknown",
        "`omit:` names an alert that there is not, or that the included blueprint does not have.",
        "The help lists the alerts that can be omitted.";
    OR_OVERLAPS = "or-overlaps",
        "Alternatives of an alert's `$or` overlap in a way that has no exact pattern.",
        "Write the alternatives so that they differ in the fields they mention or have no value in common on one field.";
    ORGANIZATION_ID_INVALID = "organization-id-invalid",
        "This is not the id of an organization, root or organizational unit.",
        "Organizations begin with `o-`, roots with `r-`, units with `ou-`; `aws organizations \
         describe-organization`, `list-roots` and `list-organizational-units-for-parent` show \
         them.";
    PATTERN_TOO_LARGE = "pattern-too-large",
        "An alert needs an event pattern longer than EventBridge takes, or more combinations than \
         can be written out.",
        "Split the alert's events, conditions or exceptions over several alerts, or use prefixes \
         in place of long lists.";
    REFERENCE_UNKNOWN = "reference-unknown",
        "`notify:` or `routes:` names a destination that is not defined.",
        "Define the destination under `destinations:`, or correct the name.";
    REGION_INVALID = "region-invalid",
        "This is not a region name, or the regions do not fit together.",
        "Write regions as AWS does, each once, all of one partition.";
    REGION_UNKNOWN = "region-unknown",
        "AWS has no region of this name, as far as the catalogue knows.",
        "Mind the spelling: nothing would be covered there. For a region newer than the catalogue \
         write `{ name: xx-new-1, unchecked: true }` in its place.";
    ROLE_INVALID = "role-invalid",
        "A role, external id or session name is misspelled, or the role is in another account or \
         partition.",
        "See \
         [CreateRole](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html) \
         and \
         [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). A \
         name stands for the role of that name in the account itself.";
    ROLE_MISSING = "role-missing",
        "Several accounts have no role, and only the caller's own can do without.",
        "Add `role:`; `ctguard policy --bootstrap` prints a template that makes it in every \
         account.";
    ROLE_POLICY_TOO_LARGE = "role-policy-too-large",
        "The inline policies of a role of ctguard's would be longer than IAM takes of one role, \
         10,240 characters without white space.",
        "Each topic, key and state machine is named in them, region by region: name fewer \
         destinations or regions, or raise all alerts in one region with `hub:`.";
    ROUTES_MISSING = "routes-missing",
        "The blueprint has no `routes`, and alerts without a `notify` of their own reach nobody.",
        "Write `routes:` with a destination for each risk, such as `routes: { critical: [secops], high: [secops] }`.";
    SECRET_INVALID = "secret-invalid",
        "`secret` names nothing that ctguard can look up.",
        "Write `secret: env:NAME`, `secret: ssm:/PATH/NAME` or `secret: secretsmanager:NAME#KEY`, \
         and keep the whole address there.";
    SUBSCRIBER_INVALID = "subscriber-invalid",
        "SNS would refuse this subscriber, or it is listed twice.",
        "List each subscriber once, and standard queues only: FIFO queues cannot subscribe to \
         standard topics.";
    SUBSCRIBER_OUT_OF_REACH = "subscriber-out-of-reach",
        "A queue or function subscribes in a region to which SNS does not deliver from where the \
         alert is raised.",
        "Subscribe a queue or function of the alert's own region, raise the alerts in a `hub`, or \
         leave the region out of `regions:`.";
    TAG_INVALID = "tag-invalid",
        "A tag is not one that AWS takes, is ctguard's own, or stands twice.",
        "Keys have 1 to 128 characters and values at most 256: letters, digits, spaces and \
         `_.:/=+-@`. `aws:` and `ctguard:` are taken, and 45 tags are left beside ctguard's.";
    TEST_OUTSIDE = "test-outside",
        "A sample event is outside the blueprint's folder.",
        "Paths in `tests:` are relative to the file that lists them, and stay in its folder or \
         below it: move or copy the file there.";
    TEXT_INVALID = "text-invalid",
        "A text is longer than its place allows, or has line breaks where one line is shown.",
        "Shorten it: it travels in every message. Titles are one line of at most 200 characters, \
         `why` and `next` have at most 1,500.";
    TOO_COMPLEX = "too-complex",
        "An alert's conditions and exceptions have too many combinations to be compiled.",
        "Split the alert, or write exceptions that have a field in common, such as the user, with plain values.";
    TOO_MANY_RULES = "too-many-rules",
        "The blueprint needs more rules on one event bus than its quota allows.",
        "Put events of the same risk and the same conditions into one alert. A bus takes 300 \
         rules, 100 of them in some regions, and 30 with a wildcard.";
    TOPIC_INVALID = "topic-invalid",
        "A topic cannot be used as written: name, region, or shared by two destinations.",
        "Topics are standard ones, in the region of their rules: write `{region}` in `topic_arn`. \
         Each destination has a topic of its own.";
    TOPIC_OUT_OF_PLACE = "topic-out-of-place",
        "A `topic_arn` names a topic of another account or region than the rules that would send \
         to it.",
        "EventBridge reaches a topic in the rule's own region only, and in another account only by \
         a role. Write `{region}` and `{account}` in `topic_arn`, add `role: create` for a topic of \
         another account, use `topic:`, or raise all alerts in a `hub`.";
    TRAIL_ACCOUNT_MISSING = "trail-account-missing",
        "Several accounts are covered, and the trail does not say which of them keeps it.",
        "Add `account:` to `trail:`. With `organization: true` it records every account of the \
         organization.";
    TRAIL_ACCOUNT_NOT_MANAGEMENT = "trail-account-not-management",
        "An organization's trail is to be kept by another account than the management account.",
        "Write the management account, which owns the organization's trails, also those that a \
         delegated administrator makes.";
    TRAIL_HOME_OUT_OF_SCOPE = "trail-home-out-of-scope",
        "The trail's home is not among the places covered.",
        "A trail is changed from its home region only: add it to `regions:` and its account to \
         `accounts:`, or name another home.";
    TRAIL_INVALID = "trail-invalid",
        "CloudTrail would refuse this trail, or its home is not covered.",
        "See [CloudTrail's \
         rules](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html); \
         cover the home region and account, since events about the trail land there. An \
         organization's trail needs the organization: discover its accounts, or name it in `hub`.";
    TRAIL_ORGANIZATION_UNKNOWN = "trail-organization-unknown",
        "The trail is the organization's, and no organization is known.",
        "Add `organization: o-…` to `hub:`, or discover the accounts with `accounts: [{ \
         organization: … }]`.";
    UNKNOWN_KEY = "unknown-key",
        "The format has no such key here.",
        "Correct the spelling; the help names the nearest key, or all of them.";
    URL_INVALID = "url-invalid",
        "This is not an `https://` address.",
        "Write `https://HOST/PATH`. Alerts are not sent unencrypted.";
    VALUE_UNKNOWN = "value-unknown",
        "The value is none of those that the key accepts.",
        "The help lists the values.";
    VERSION_UNSUPPORTED = "version-unsupported",
        "The blueprint is of a format version that this program does not read.",
        "Write `version: 1`, or update ctguard.";
    WRONG_TYPE = "wrong-type",
        "A value is a number, list or mapping where something else is expected.",
        "The help shows the form. `yes` and `no` are text: write `true` or `false`.";
    YAML_AMBIGUOUS = "yaml-ambiguous",
        "Two YAML readers understand this text differently, so ctguard does not choose.",
        "Put the text into double quotes, or write it in a plainer way.";
    YAML_KEY = "yaml-key",
        "A key is not plain text.",
        "Put the key into quotes.";
    YAML_MERGE_KEY = "yaml-merge-key",
        "`<<` merge keys are not part of the format.",
        "Write the keys out. An alias (`*name`) may stand for a whole value.";
    YAML_MULTIPLE_DOCUMENTS = "yaml-multiple-documents",
        "The file holds more than one YAML document.",
        "Keep one document; `include` joins files.";
    YAML_SYNTAX = "yaml-syntax",
        "The file is not valid YAML.",
        "Look at the marked place and just before it: a missing quote or bracket, a tab, or an \
         indent that does not line up.";
    YAML_TAG = "yaml-tag",
        "YAML tags (`!name`) are not part of the format.",
        "Remove the word that begins with `!`.";
    YAML_TOO_BIG = "yaml-too-big",
        "The YAML is nested too deep, or its aliases expand to too much.",
        "Write the values out. At most 64 levels, and 10,000 values by aliases, are read.";
}
