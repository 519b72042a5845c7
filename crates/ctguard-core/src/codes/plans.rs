//! The codes of plans and verdicts other than links, guards among them.

codes! {
    /// Findings of plans and verdicts.
    PLANS, Plan:
    PLAN_LOST = "plan-lost",
        "An alert would notify everybody in fewer places than now.",
        "See what is removed or narrowed for it in the plan; keep the alert, its destinations and \
         its regions as they are if the loss is not intended.";
    PLAN_SILENT = "plan-silent",
        "An alert stays silent somewhere, and no apply can fix it.",
        "`ctguard verify` names the link that is broken and who can fix it.";
    PLAN_PARTLY = "plan-partly",
        "An alert reaches only some of those listed somewhere, and no apply can fix it.",
        "`ctguard verify` names the recipient that hears nothing, and what to do; or take it out \
         of the blueprint's `subscribers`.";
    ALERT_LOST = "alert-lost",
        "An alert does not reach everybody where something has drifted.",
        "See what drifted, and who changed it; `ctguard verify` names each link that is broken.";
    ALERT_UNKNOWN = "alert-unknown",
        "Whether an alert reaches everybody is not known somewhere: a part could not be read.",
        "Do what is said of the part that could not be read (`plan-unread`), and run it again.";
    LOSES_COVERAGE = "loses-coverage",
        "A guard: an alert of high or critical risk would be lost somewhere.",
        "If the loss is intended, apply with `--allow-lost-coverage`.";
    DELETES_MUCH = "deletes-much",
        "A guard: more than 30 % of what is owned would be deleted.",
        "If the deletion is intended, apply with `--allow-deletion`. Check that the blueprint and \
         the accounts are the right ones.";
    WIDENS_POLICY = "widens-policy",
        "A guard: a policy would grant more than the blueprint needs.",
        "If the grant is intended, apply with `--allow-wider-policy`. Look at the statements that \
         are not the blueprint's.";
    SHARED_TRAIL = "shared-trail",
        "A guard: a trail that others use would change.",
        "If the change is intended, and the others who use the trail agree, apply with \
         `--allow-shared-trail`.";
    PLAN_REFUSED = "plan-refused",
        "Something that ctguard does not own is in the way.",
        "Rename, remove or adopt the object; ctguard changes nothing that it does not own.";
    PLAN_UNREAD = "plan-unread",
        "A part of an account could not be read.",
        "Do what the text says: the fix belongs to the cause. Where a permission is missing, `ctguard policy` prints all that is needed.";
    PLAN_WARNING = "plan-warning",
        "A warning that needs no change.",
        "Read what it says; an apply neither fixes nor worsens it.";
    PLAN_WAITING = "plan-waiting",
        "Something waits for a person.",
        "Confirm the subscription, or wait until its owner has; the next apply does the rest.";
    PLAN_CHANGE = "plan-change",
        "An apply would change an object.",
        "Nothing to do but to apply.";
    DRIFT = "drift",
        "An object that the blueprint owns is not as the blueprint says.",
        "Find out who changed it, which `ctguard drift` names where CloudTrail says it, and apply \
         to put it back.";
    ACCOUNT_UNREAD = "account-unread",
        "Nothing of an account could be read.",
        "Let the credentials enter the account: the blueprint's `role` must exist there and trust \
         them.";
    RUN_FAILED = "run-failed",
        "The command could not do its work; a report has this in place of a result.",
        "Do what the message says, and run the command again.";
}
