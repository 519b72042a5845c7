//! The expressions of the state machines that heal.

use crate::states_language::expression;

/// The event selectors: whether they are narrow, and what to put then.
const SELECTORS: &str = include_str!("selectors.jsonata");

/// The notice.
const NOTICE: &str = include_str!("notice.jsonata");

/// What a notice says of the trail.
const TRAIL_STORY: &str = include_str!("trail_story.jsonata");

/// What a notice says of a rule.
const RULE_STORY: &str = include_str!("rule_story.jsonata");

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    Trail,
    Rule,
}

/// Whether a tag pauses healing now: until when and why, or two empty texts. The pause is bounded
/// here, so that no tag switches healing off for good.
const PAUSE: &str = r#"(
  $tag := function($key) {
    $reduce($states.result.Tags, function($found, $one) {
      $one.Key = $key ? $one.Value : $found
    }, "")
  };
  $until := $tag("UNTIL_TAG");
  $now := $toMillis($states.context.State.EnteredTime);
  $end := $contains($until, MOMENT) ? $toMillis($until) : 0;
  $holds := $end > $now and $end <= $now + BOUND;
  {
    "until": $holds ? $until : "",
    "reason": $holds ? $tag("REASON_TAG") : ""
  }
)"#;

/// How many other executions began within the hour before.
const COUNT: &str = r#"(
  $now := $toMillis($states.context.State.EnteredTime);
  $own := $states.context.Execution.Id;
  $begun := $reduce($states.result.Executions, function($sum, $one) {
    ($one.ExecutionArn = $own) = false and $toMillis($one.StartDate) > $now - 3600000
      ? $sum + 1 : $sum
  }, 0);
  $exists($begun) ? $begun : 0
)"#;

/// Whether the trail's settings differ from the blueprint's. Equality with nothing is false, so each
/// is asked for by what it should be.
const SETTINGS: &str = r#"(
  $trail := $states.result.Trail;
  ($trail.S3BucketName = $wanted.bucket
    and $trail.IsMultiRegionTrail = true
    and $trail.IncludeGlobalServiceEvents = true
    and $trail.LogFileValidationEnabled = true
    and ($trail.IsOrganizationTrail = true) = $wanted.organization
    and ($wanted.key = ""
      or $exists($trail.KmsKeyId) and ($wanted.alias or $trail.KmsKeyId = $wanted.key))
  ) = false
)"#;

/// Adds a failed call to what is told.
const TROUBLE: &str = r#"(
  $cut := function($value, $most) {
    $type($value) = "string" ? $replace($substring($value, 0, $most), LETTERS, "?") : ""
  };
  $trouble & ($trouble = "" ? "" : "; ") & "CALL: " & $cut($states.errorOutput.Error, 100)
    & " (" & $cut($states.errorOutput.Cause, 300) & ")"
)"#;

pub(super) fn selectors() -> String {
    expression(SELECTORS)
}

/// The notice of a case.
pub(super) fn notice(case: &str, story: Story) -> String {
    let story = match story {
        Story::Trail => TRAIL_STORY,
        Story::Rule => RULE_STORY,
    };
    let notice = NOTICE.replace("STORY;", story);
    expression(&notice.replace("CASE;", &format!("\"{case}\";")))
}

pub(super) fn pause() -> String {
    let source = PAUSE.replace("UNTIL_TAG", super::PAUSED_UNTIL_TAG);
    let source = source.replace("REASON_TAG", super::PAUSED_REASON_TAG);
    expression(&source.replace("BOUND", &(super::PAUSE_MAX_HOURS * 3_600_000).to_string()))
}

pub(super) fn count() -> String {
    expression(COUNT)
}

pub(super) fn settings() -> String {
    expression(SETTINGS)
}

pub(super) fn trouble(call: &str) -> String {
    expression(&TROUBLE.replace("CALL", call))
}

/// Adds what was put back to what is told.
pub(super) fn done(what: &str) -> String {
    expression(&format!("$done & ($done = \"\" ? \"\" : \", \") & \"{what}\""))
}
