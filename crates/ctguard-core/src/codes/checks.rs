//! The codes of what `events check` finds in files of names and patterns.

codes! {
    /// Findings in a file of names or patterns.
    CHECKS, Check:
    CONDITION_NEVER_HOLDS = "condition-never-holds",
        "A field never has the value that is asked for, or is of another type.",
        "Write what the help says; a text stands in quotes, a truth value or a number does not.";
    CONDITION_ON_UNKNOWN_PATH = "condition-on-unknown-path",
        "No record of the events that are asked for has this field.",
        "Write the field that the help names; `docs/records.md` lists what records have.";
    CONDITIONS_EXCLUDE_EACH_OTHER = "conditions-exclude-each-other",
        "No record of an event that is asked for satisfies the conditions together.",
        "Take apart the conditions that are named, or write them for other events.";
    DETAIL_TYPE_DIFFERS = "detail-type-differs",
        "The event is logged as a kind that has another `detail-type` than the pattern asks for.",
        "Write the `detail-type` that the help names, or both where several kinds are asked for.";
    DETAIL_TYPE_SPELLING = "detail-type-spelling",
        "Sign-ins are asked for by the one of two spellings that no known event has.",
        "Write `AWS Console Sign In via CloudTrail`, or both.";
    DETAIL_TYPE_UNKNOWN = "detail-type-unknown",
        "The `detail-type` is close to one of CloudTrail's and none of them.",
        "Write it as the help names it; every letter counts.";
    NAME_ALSO_LOGGED_AS = "name-also-logged-as",
        "CloudTrail writes the call under other names as well, which are not asked for.",
        "Add the names that the help lists.";
    NAME_NEVER_LOGGED = "name-never-logged",
        "This is the name of an API call or IAM action that CloudTrail writes under another one.",
        "Write the name that is logged.";
    NAME_OF_ANOTHER_SERVICE = "name-of-another-service",
        "The service that is asked for logs no event of this name; others do.",
        "Ask for the source that the help names.";
    NAME_READ_ONLY = "name-read-only",
        "The event is a read-only management event, and the rule is in a state that is not given \
         those.",
        "Set the rule's state to `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.";
    NAME_UNKNOWN = "name-unknown",
        "No event of the catalogue has this name.",
        "Correct it; a name that is newer than the catalogue stays as it is.";
    NAMES_MATCH_NOTHING = "names-match-nothing",
        "No event of the catalogue has a name that this prefix, wildcard or other test takes.",
        "Names are compared letter by letter, case included; `ctguard events` finds them.";
    NEEDS_SELECTORS = "needs-selectors",
        "The event is recorded only where a trail's selectors ask for it.",
        "Add selectors for data events or network activity events to a trail; they are billed per \
         event.";
    NOTHING_RECOGNISED = "nothing-recognised",
        "Nothing of a file is checked: it could not be read, or no name and no pattern stands in \
         it.",
        "Name a file with names or patterns; the message says what was in the way.";
    PATTERN_NOT_KNOWN = "pattern-not-known",
        "The pattern is only known where the file is used, so nothing is said of it.",
        "Check what comes of it: the output of `terraform show -json`, or the rendered template.";
    PATTERN_READS_OTHERWISE = "pattern-reads-otherwise",
        "EventBridge takes the pattern, and matches otherwise than a reader expects.",
        "Write what the help says.";
    PATTERN_REFUSED = "pattern-refused",
        "EventBridge would refuse the pattern.",
        "A pattern is a JSON object in which each field has a list of values or operators.";
    SOURCE_DIFFERS = "source-differs",
        "`source` and `detail.eventSource` never stand in one event: EventBridge's `source` is \
         `aws.` and the service's name in `eventSource`.",
        "Write both for one service, such as `aws.iam` and `iam.amazonaws.com`.";
    SOURCE_UNKNOWN = "source-unknown",
        "No event of the catalogue comes from this source.",
        "Write the one that the help names; it is not always the service's name.";
}
