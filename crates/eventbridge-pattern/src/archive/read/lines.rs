//! What stands in lines: the lines of a text that is broken, exports of CloudWatch Logs, logs of other services.

use super::super::container::{Container, ITEM_MAX, PassedOver, Unread};
use super::super::shape::{Opening, opening};
use super::super::window::Window;
use super::{At, Flow, Place, Walk, What, foreign};
use crate::skim::container_end;
use serde::de::IgnoredAny;

impl Walk<'_> {
    /// Reads one line on its own, since a line before it was broken.
    pub(super) fn one_line(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        let end = line_end(window);
        let line = || place.outer.map_or_else(|| window.line(), |line| line());
        let at = At { containers: place.containers, line: &line };
        let text = &window.rest()[..end];
        let whole = matches!(text.first(), Some(b'{'))
            && !matches!(opening(text), Opening::List { .. } | Opening::PassedOver { .. })
            && container_end(text, 0).is_none();
        if whole {
            let why = "the line ends inside an object".to_owned();
            self.tell(at, What::Unread(Unread::NotJson(why)))?;
        } else {
            self.documents(&mut Window::whole(text), at.containers, Some(at.line))?;
        }
        window.pass(end);
        Flow::Continue(())
    }

    /// Reads a line that does not begin as JSON does.
    pub(super) fn other_line(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        let end = line_end(window);
        let text = window.rest()[..end].trim_ascii_end();
        if let Some(time) = foreign::export_time(text) {
            if container_end(text, time).is_none() && export_follows(window, end) {
                self.unread(window, place, Unread::CutOff)?;
                window.pass(end);
                return Flow::Continue(());
            }
            window.pass(time);
            return match place.containers.with(Container::LogsExport) {
                Some(containers) => {
                    self.object(window, Place { containers, ..place }, false)?;
                    Flow::Continue(())
                }
                None => self.too_deep(window, place),
            };
        }
        if let Some(kind) = foreign::log_of_another_service(text) {
            return self.other_log(window, place, kind);
        }
        let why = match memchr::memchr(b'{', text) {
            _ if serde_json::from_slice::<IgnoredAny>(text).is_ok() => Unread::NotAnObject,
            Some(at)
                if text[at..].ends_with(b"}") && text[at + 1..].trim_ascii().starts_with(b"\"") =>
            {
                Unread::TextBefore
            }
            _ => Unread::NotJson("it begins with neither `{` nor `[`".to_owned()),
        };
        self.unread(window, place, why)?;
        window.pass(end);
        Flow::Continue(())
    }

    /// Passes over the lines of another service's log, up to one that can be a record.
    fn other_log(&mut self, window: &mut Window<'_>, place: Place<'_>, kind: PassedOver) -> Flow {
        let line = || place.outer.map_or_else(|| window.line(), |line| line());
        self.tell(At { containers: place.containers, line: &line }, What::PassedOver(kind))?;
        while let Some(next) = window.peek() {
            let end = line_end(window);
            let text = &window.rest()[..end];
            if matches!(next, b'{' | b'[' | b'"') || foreign::export_time(text).is_some() {
                break;
            }
            window.pass(end);
        }
        Flow::Continue(())
    }
}

/// Where the line ends that the rest begins with; of a line that is longer than anything that is read, where it is given up.
fn line_end(window: &mut Window<'_>) -> usize {
    let mut from = 0;
    loop {
        if let Some(end) = memchr::memchr(b'\n', &window.rest()[from..]) {
            return from + end;
        }
        from = window.rest().len();
        if from > ITEM_MAX || !window.more() {
            return from;
        }
    }
}

/// Whether the line behind this one begins as one of an export does, or none follows.
fn export_follows(window: &mut Window<'_>, end: usize) -> bool {
    while window.rest().len() < end + 64 && window.more() {}
    let behind = window.rest().get(end + 1..).unwrap_or_default();
    behind.trim_ascii_start().is_empty() || foreign::export_time(behind).is_some()
}
