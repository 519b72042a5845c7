//! The codes of warnings and notes.

codes! {
    /// Warnings; `allow:` silences them.
    LINTS, Warning:
    ALERT_DUPLICATED = "alert-duplicated",
        "Whatever raises the alert raises another one for the same people, so that they are told twice.",
        "Leave one of the two out with `omit`, or send it to somebody else.";
    ALERT_UNEXPLAINED = "alert-unexplained",
        "An alert lacks `why` or `next`, so the message says only what happened.",
        "Say why it matters and what to do next; both are part of the message.";
    ALERT_WITHOUT_DESTINATION = "alert-without-destination",
        "An alert reaches nobody: its `notify` or the route of its risk is empty.",
        "Name a destination in `notify:`, or in `routes:` for its risk.";
    CHAT_WEBHOOK = "chat-webhook",
        "A web address of a chat service is subscribed; it never confirms, so nothing arrives.",
        "Write `format: chat` with a `chat:` subscriber, or put a function between.";
    CIDR_TAKES_OTHER_FAMILY = "cidr-takes-other-family",
        "A block of IPv4 addresses takes IPv6 addresses as well, or the other way round: \
         EventBridge compares their digits.",
        "Where one family is meant, write the texts that the help names: `{ prefix: \"10.\" }`.";
    CRITICAL_EMAIL_ONLY = "critical-email-only",
        "A critical alert has e-mail alone, which is suspended above ten messages a second and \
         can be unsubscribed with one click.",
        "Add a chat channel, web address, queue or function to one of its destinations.";
    CRITICAL_EMAIL_SHARED = "critical-email-shared",
        "A critical alert shares an e-mail destination with lower risks, whose bursts can suspend \
         it.",
        "Give critical alerts an e-mail destination of their own.";
    DATA_EVENT = "data-event",
        "A data event reaches EventBridge only where a trail's selectors ask for it.",
        "Add data event selectors to a trail; they are billed per event.";
    DESTINATION_UNUSED = "destination-unused",
        "No alert is sent to a destination.",
        "Name it in `routes:` or `notify:`, or remove it.";
    DESTINATION_WITHOUT_SUBSCRIBERS = "destination-without-subscribers",
        "A destination lists nobody, so nobody is known to hear.",
        "List who hears, so that it can be proven. Of an existing topic they are judged and never \
         changed.";
    EMAIL_CONFIRMATIONS = "email-confirmations",
        "E-mail in more than three places: each account and region has its own topic, which asks \
         each address to confirm.",
        "Raise all alerts in one `hub:`, where each address confirms once; or cover fewer \
         regions, or subscribe what needs no confirmation: a queue, a function, a chat channel.";
    EVENT_FREQUENT = "event-frequent",
        "A call that programs and tools make all day raises an alert each time.",
        "Say in `where` which calls matter, or write `outcome: failure` for those that fail; \
         `ctguard replay` says how many come.";
    EVENT_REPEATED = "event-repeated",
        "An event of an alert adds nothing: what it stands for is listed before it.",
        "Take one of the two out; another event may have been meant.";
    EXCEPTION_EXPIRED = "exception-expired",
        "The `until` of an exception or of a trust in a trail has passed; it no longer applies.",
        "Remove it, or give it a new `until`.";
    EXCEPTION_EXPIRES_SOON = "exception-expires-soon",
        "The `until` of an exception or of a trust in a trail is at most 14 days away.",
        "Decide whether it is still needed; from the day after `until` it no longer applies.";
    FAMILY_BY_EMAIL = "family-by-email",
        "An alert on a family of events has an e-mail subscriber, which is suspended above ten \
         messages a second.",
        "Send it to a chat channel, queue or function, or narrow its `where`.";
    FAMILY_FREQUENT = "family-frequent",
        "A family of events takes read-only calls, which are frequent; each that meets `where` is a \
         message.",
        "Write `{ name: \"iam:*\", access: write }` where changes are meant; `ctguard replay` \
         says how many come.";
    FAMILY_REGIONS = "family-regions",
        "An alert on `any` event does not cover the regions where global services record theirs.",
        "Cover the regions that are named, best `regions: enabled`.";
    HUB_TOPIC = "hub-topic",
        "With a hub, `{account}` and `{region}` in `topic_arn` stand for the hub's, so that no \
         other place's topic is sent to.",
        "Write the hub's account and region into the ARN, so that nobody expects each account's \
         own topic to hear.";
    LEGACY_EVENT = "legacy-event",
        "The call concerns a retired AWS feature and can hardly succeed today.",
        "Watch the calls that the help names as well, or instead.";
    NEVER_FIRES = "never-fires",
        "No record can satisfy the conditions of an alert, of one of its events or of an \
         alternative of `$or`.",
        "Take apart the conditions that are named: they never hold in one record.";
    NUMBER_BEYOND_5E9 = "number-beyond-5e9",
        "A number is compared that is beyond 5,000,000,000: AWS's user guide says that EventBridge \
         does not compare it.",
        "Send an event that the alert must find, and one that it must not.";
    NUMBER_SPELLING = "number-spelling",
        "A number to be equal to has a fraction or an exponent that changes nothing: EventBridge \
         compares what numbers are worth.",
        "Write `300`, not `300.0` or `3e2`: both are the same condition, though AWS's user guide \
         says that numbers are compared as texts.";
    PATH_UNKNOWN = "path-unknown",
        "No record of the alert's events has the field that a condition names.",
        "Write the field that the help names; `docs/records.md` lists what records have.";
    PATTERN_NEARLY_FULL = "pattern-nearly-full",
        "The pattern for one event takes more than 90 % of what a rule accepts, and cannot be split.",
        "Write values that begin or end alike as one `prefix`, `suffix` or `wildcard`, or split the \
         alert by a condition.";
    PLACE_UNCOVERED = "place-uncovered",
        "A condition asks for a region or an account that the blueprint does not cover: nothing is \
         heard of what happens there.",
        "Cover it, or take it out of the condition.";
    SECRET_IN_URL = "secret-in-url",
        "The address of a subscriber has a password or key in it, in clear.",
        "Write `secret: env:NAME`, `secret: ssm:/PATH/NAME` or `secret: secretsmanager:NAME`, and \
         keep the address there.";
    SIGN_IN_REGIONS = "sign-in-regions",
        "Sign-ins land in regions that the blueprint does not cover.",
        "Cover the regions that are named, best `regions: enabled`. Root signs in in us-east-1 \
         only.";
    TEXT_EMPTY = "text-empty",
        "The message of an alert names nobody: no record of the event has a field by which a text \
         or chat message tells who did it.",
        "Write `format: mail`, or `json` or `raw` for programs, for which the record itself is read; \
         or say in `next` where it is told, and allow the warning.";
    TEXT_TO_MACHINE = "text-to-machine",
        "A queue, function or web address receives text that is made for people.",
        "Write `format: json`, in a destination of its own if people read this one.";
    UNCHECKED_KNOWN = "unchecked-known",
        "The catalogue knows an event that is marked `unchecked`.",
        "Write it as `service:EventName`.";
    VALUE_NEVER = "value-never",
        "A field never has the value that a condition asks for, or is of another type.",
        "Write what the help says; a text stands in quotes, a truth value or a number does not.";
    WILDCARD_BESIDE_IGNORE_CASE = "wildcard-beside-ignore-case",
        "A wildcard that begins with `*` and a test that ignores case stand on one field: \
         EventBridge then lets any character stand for the first of the text whose case is ignored.",
        "Write the spellings that occur as plain values, or a wildcard that does not begin with `*`.";
    WILDCARDS_COMPLEX = "wildcards-complex",
        "An alert's wildcards on one field are more complex than EventBridge is seen to take: it may refuse the rule.",
        "Write fewer wildcards on one field, use `prefix` and `suffix` where they will do, or split the alert.";
}

codes! {
    /// What ctguard did on the user's behalf.
    NOTES, Note:
    EVENT_RENAMED = "event-renamed",
        "CloudTrail logs the call under another name, which was taken.",
        "Nothing to do; write the logged name to be rid of the note.";
}
