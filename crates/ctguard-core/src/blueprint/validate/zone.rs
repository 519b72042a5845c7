//! The time zone in which mails say times beside UTC.

use super::super::reader::{Spanned, list};
use crate::catalogue::nearest;
use crate::codes;
use crate::diag::Diagnostic;
use crate::zone::{self, Zone};

/// Reads a zone's name.
pub(super) fn zone(written: &Spanned<String>, out: &mut Vec<Diagnostic>) -> Option<Zone> {
    let found = Zone::named(&written.value);
    if found.is_none() {
        let names = zone::names();
        // People often write the city alone.
        let cities = names.iter().filter(|name| {
            name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&written.value))
        });
        let mut near: Vec<&str> = cities.map(String::as_str).take(3).collect();
        if near.is_empty() {
            near = nearest(&written.value, names.iter().map(String::as_str));
        }
        let help = match near.is_empty() {
            true => {
                "write a name of the IANA database, such as `Europe/Berlin`, or `UTC`".to_owned()
            }
            false => format!("did you mean {}?", list(&near)),
        };
        out.push(
            Diagnostic::error(
                codes::VALUE_UNKNOWN,
                format!("`{}` is not a time zone", written.value),
            )
            .at(Some(written.span.clone()))
            .help(help),
        );
    }
    found
}
