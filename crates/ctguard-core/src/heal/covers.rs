//! Whether a live pattern lets through at least what the compiled one does, as an expression.
//!
//! What is wider stays: a person may have widened it, and an apply does while a rule hands events over
//! to another. It is decided soundly, not completely: a field that the live pattern asks for must be
//! asked for by the compiled one too, with no alternative that the live one lacks. Equality is the
//! first case of that. A pattern in which a key or a path stands twice cannot be judged, and is put back.
//!
//! JSONata has no recursion here that both interpreters know, so the function is written out level by
//! level. Patterns of management events are six deep; what is deeper is not shown to be wider.

/// Levels of objects in a pattern: `detail.userIdentity.sessionContext.sessionIssuer.arn`, with a
/// `$or` on the way.
const LEVELS: usize = 8;

/// Two conditions on one path that must both hold: EventBridge keeps one of them.
const TWICE: &str = r#"$twice_N := function($one, $other) {
  $type($one) = "object" and $type($other) = "object"
    ? $any($keys($one), function($key) {(
        $in := $lookup($other, $key);
        $key = "$or" ? $any($lookup($one, $key), function($of) { $twice_M($of, $other) })
          : $exists($in) and $twice_M($lookup($one, $key), $in)
      )})
  : true
};
"#;

const LEVEL: &str = r#"$covers_N := function($live, $wanted) {
  $type($live) = "array"
    ? $type($wanted) = "array" and $all($wanted, function($one) { $has($live, $one) })
  : $type($live) = "object" and $type($wanted) = "object"
    ? $reduce($keys($live), function($so_far, $key) {
        $so_far and ($key = "$or"
          ? $any($lookup($live, $key), function($one) { $twice_8($one, $live) }) = false and
            ($either($lookup($live, $key), $lookup($wanted, $key))
            or $any($lookup($live, $key), function($one) { $covers_M($one, $wanted) }))
          : $covers_M($lookup($live, $key), $lookup($wanted, $key)))
      }, true) = true
  : false
};
"#;

/// A quote in a regular expression is `\x22`: an interpreter that balances brackets by texts takes one for a text's
/// beginning.
const HELPERS: &str = r#"$any := function($list, $test) {
  $reduce($list, function($found, $one) { $found or $test($one) }, false) = true
};
$has := function($list, $value) { $any($list, function($one) { $one = $value }) };
$all := function($list, $test) {
  $reduce($list, function($so_far, $one) { $so_far and $test($one) }, true) = true
};
$either := function($live, $wanted) {
  $exists($wanted) ? $all($wanted, function($one) { $has($live, $one) }) : false
};
$covers_0 := function($live, $wanted) { false };
$twice_0 := function($one, $other) { true };
$colons := function($text) {
  $length($replace($replace($replace($text, /\\./, ""), /\x22[^\x22]*\x22/, ""), /[^:]/, ""))
};
$once := function($text) { $colons($text) = $colons($string($parse($text))) };
"#;

/// The expression for two patterns, each as an expression of its text.
pub(super) fn expression(live: &str, wanted: &str) -> String {
    let levels = |text: &str| -> String {
        let level = |level: usize| {
            let text = text.replace("_N", &format!("_{level}"));
            text.replace("_M", &format!("_{}", level - 1))
        };
        (1..=LEVELS).map(level).collect()
    };
    let levels = levels(TWICE) + &levels(LEVEL);
    format!(
        "(\n{HELPERS}{levels}{live} = {wanted} or $once({live}) and $covers_{LEVELS}($parse({live}), $parse({wanted}))\n)"
    )
}
