//! Warnings about a valid blueprint: what is allowed but likely to cause missed alerts or noise.
//!
//! Each has a code that `allow:` silences, for the whole blueprint or for one alert.

mod family;
mod places;
mod size;

use super::confirmations::{DEFAULT_REGIONS, is_email, mailing};
use super::overlap::redundant;
use super::secrets::SecretSource;
use super::validate::{AlertNotes, Checked, Resolved};
use super::{
    Alert, Blueprint, Confirmations, Destination, DestinationTopic, Format, Regions, Risk,
    Subscriber,
};
use crate::catalogue;
use crate::codes;
use crate::diag::{Code, Diagnostic, Span};
use crate::event::{EventKind, EventRef, GLOBAL_SIGN_IN_REGIONS, Landing, ROOT_SIGN_IN_REGION};
use crate::record::{Finding, Part};
use crate::resource::topic::Protocol;
use crate::scope::Partition;
use crate::secret;
use eventbridge_pattern::beside::beside_ignore_case;
use eventbridge_pattern::complexity::COMPLEXITY_MAX;
use eventbridge_pattern::{Filter, Matcher, Pattern, address};
use ipnet::IpNet;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Days before its end from which an exception is warned about.
const EXPIRES_SOON_DAYS: i32 = 14;

/// Most texts that a help writes out in place of a block of addresses.
const SPELLINGS_SHOWN: usize = 16;

/// Hosts of chat services that take messages from whoever knows the address, and never confirm a
/// subscription.
///
/// Sources: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook>,
/// <https://discord.com/developers/docs/resources/webhook>,
/// <https://developers.google.com/workspace/chat/quickstart/webhooks>,
/// <https://docs.aws.amazon.com/chime/latest/ug/webhooks.html>,
/// <https://apphub.webex.com/applications/incoming-webhooks-cisco-systems-38054-23307-75252>,
/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>,
/// <https://open.dingtalk.com/document/orgapp/custom-robot-access>,
/// <https://core.telegram.org/bots/api>
const CHAT_HOSTS: &[&str] = &[
    "hooks.slack.com",
    "hooks.slack-gov.com",
    "webhook.office.com",
    "outlook.office.com",
    "logic.azure.com",
    "api.powerplatform.com",
    "discord.com",
    "discordapp.com",
    "chat.googleapis.com",
    "hooks.chime.aws",
    "webexapis.com",
    "api.ciscospark.com",
    "open.feishu.cn",
    "open.larksuite.com",
    "oapi.dingtalk.com",
    "qyapi.weixin.qq.com",
    "api.telegram.org",
    "api.flock.com",
    "inbots.zoom.us",
];

/// Places up to which e-mail confirmations are a matter of minutes.
pub(super) const EMAIL_PLACES: usize = 3;

/// Calls about EC2-Classic, which was retired on 15 August 2022, and what to watch today.
///
/// Source: <https://aws.amazon.com/blogs/aws/ec2-classic-is-retiring-heres-how-to-prepare/>
const LEGACY: &[(&str, &[&str], &str)] = &[
    (
        "rds.amazonaws.com",
        &[
            "AuthorizeDBSecurityGroupIngress",
            "CreateDBSecurityGroup",
            "DeleteDBSecurityGroup",
            "DescribeDBSecurityGroups",
            "RevokeDBSecurityGroupIngress",
        ],
        "ec2:AuthorizeSecurityGroupIngress, ec2:RevokeSecurityGroupIngress and ec2:ModifySecurityGroupRules",
    ),
    (
        "ec2.amazonaws.com",
        &[
            "AttachClassicLinkVpc",
            "DetachClassicLinkVpc",
            "DisableVpcClassicLink",
            "EnableVpcClassicLink",
        ],
        "ec2:CreateVpcPeeringConnection and ec2:AcceptVpcPeeringConnection",
    ),
];

/// What ends on a date, and the effect from the day after.
const EXCEPTION: (&str, &str) =
    ("exception", "from the day after, what it excepts raises the alert again");
const TRUST: (&str, &str) =
    ("trust in a trail", "from the day after, `verify` says again that it is unknown");

/// All warnings except those that `allow:` silences.
pub(super) fn lint(checked: &Checked, as_of: Date, out: &mut Vec<Diagnostic>) {
    let mut linter = Linter { checked, out };
    let blueprint = &checked.blueprint;
    if let Regions::Enabled { except } = &blueprint.regions {
        for exception in except {
            linter.until(EXCEPTION, exception.until, as_of, exception.span.as_ref(), None);
        }
    }
    for trust in &blueprint.trust_trails {
        linter.until(TRUST, trust.until, as_of, trust.span.as_ref(), None);
    }
    for (alert, notes) in blueprint.alerts.iter().zip(&checked.alerts) {
        linter.alert(alert, notes);
        linter.size(alert, notes, as_of);
        for exception in &alert.except {
            linter.until(EXCEPTION, exception.until, as_of, exception.span.as_ref(), Some(notes));
        }
    }
    for destination in blueprint.destinations.values() {
        linter.destination(destination);
    }
    linter.wildcards(blueprint, &checked.alerts);
    linter.duplicates(blueprint, &checked.alerts);
    linter.email_confirmations(blueprint);
}

/// How to ask for the addresses of a block and for no others.
fn one_family(path: &str, block: &IpNet) -> String {
    match address::spellings(block).filter(|texts| texts.len() <= SPELLINGS_SHOWN) {
        Some(matchers) => {
            let filter = Filter::Field { path: path.to_owned(), matchers };
            format!("for one family alone, write {}", Pattern { filter }.to_json())
        }
        None => "no short list of texts says the same of one family alone: name smaller blocks, \
                 or allow it"
            .to_owned(),
    }
}

/// The chat service that a web address with any host belongs to, by its path: people run these
/// themselves.
///
/// Sources: <https://developers.mattermost.com/integrate/webhooks/incoming/>,
/// <https://docs.rocket.chat/docs/create-a-new-incoming-webhook>,
/// <https://zulip.com/integrations/doc/slack_incoming>
fn chat_path(path: &str) -> Option<&'static str> {
    let id = |text: &str, least: usize| {
        text.len() >= least && text.bytes().all(|one| one.is_ascii_alphanumeric())
    };
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    match steps.as_slice() {
        [.., "hooks", key] if key.len() == 26 && id(key, 26) => Some("Mattermost"),
        [.., "hooks", hook, token] if id(hook, 17) && id(token, 17) => Some("Rocket.Chat"),
        [.., "api", "v1", "external", "slack_incoming" | "slack"] => Some("Zulip"),
        _ => None,
    }
}

/// The host of a chat service in a web address, or the service's name where anybody may run it.
fn chat_host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let path = rest[host.len()..].split(['?', '#']).next().unwrap_or_default();
    if let Some(service) = chat_path(path) {
        return Some(service);
    }
    let host = host.rsplit('@').next()?.split(':').next()?;
    let lower = host.to_ascii_lowercase();
    let is = |known: &&&str| {
        lower.strip_suffix(**known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    CHAT_HOSTS.iter().find(is).map(|_| host)
}

struct Linter<'a> {
    checked: &'a Checked,
    out: &'a mut Vec<Diagnostic>,
}

impl Linter<'_> {
    fn warn(
        &mut self,
        code: Code,
        alert: Option<&AlertNotes>,
        span: Option<&Span>,
        message: String,
        help: String,
    ) {
        let allowed = self.checked.allow.contains(&code)
            || alert.is_some_and(|notes| notes.allow.contains(&code));
        if !allowed {
            self.out.push(Diagnostic::warning(code, message).at(span.cloned()).help(help));
        }
    }

    fn until(
        &mut self,
        (what, afterwards): (&str, &str),
        until: Option<Date>,
        as_of: Date,
        span: Option<&Span>,
        alert: Option<&AlertNotes>,
    ) {
        let Some(until) = until else { return };
        // Both are dates of the calendar, so the days between them always fit.
        let days = as_of.until(until).map_or(i32::MAX, |span| span.get_days());
        if days < 0 {
            self.warn(
                codes::EXCEPTION_EXPIRED,
                alert,
                span,
                format!("this {what} ended on {until}"),
                "it no longer applies: remove it, or give it a new `until`".to_owned(),
            );
        } else if days <= EXPIRES_SOON_DAYS {
            let left = match days {
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                days => format!("in {days} days"),
            };
            self.warn(
                codes::EXCEPTION_EXPIRES_SOON,
                alert,
                span,
                format!("this {what} ends {left}, on {until}"),
                afterwards.to_owned(),
            );
        }
    }

    fn alert(&mut self, alert: &Alert, notes: &AlertNotes) {
        let span = alert.span.as_ref();
        if !self.checked.blueprint.is_routed(alert) {
            let (message, help) = if !alert.notify.is_empty() {
                (
                    format!("`{}` reaches nobody: every account leaves it out", alert.id),
                    "take it out of `omit`, or give its risk a route in some account".to_owned(),
                )
            } else if alert.own_notify {
                (format!("`{}` has an empty `notify`", alert.id), "name a destination".to_owned())
            } else {
                let risk = alert.risk.as_str();
                (
                    format!("`{}` reaches nobody: no route for risk `{risk}`", alert.id),
                    format!("add `routes: {{ {risk}: [...] }}`, or `notify:` to the alert"),
                )
            };
            self.warn(codes::ALERT_WITHOUT_DESTINATION, Some(notes), span, message, help);
        }
        let absent: Vec<&str> = [("why", &alert.why), ("next", &alert.next)]
            .into_iter()
            .filter(|(_, text)| text.is_empty())
            .map(|(key, _)| key)
            .collect();
        if !absent.is_empty() {
            self.warn(
                codes::ALERT_UNEXPLAINED,
                Some(notes),
                span,
                format!("`{}` has no `{}`", alert.id, absent.join("` and no `")),
                "say why it matters and what to do next: both are part of the message".to_owned(),
            );
        }
        self.conditions(alert, notes);
        self.places(alert, notes);
        self.complexity(alert, notes);
        self.records(alert, notes);
        self.events(alert, notes);
        self.families(alert, notes);
        if alert.risk == Risk::Critical {
            self.critical(alert, notes);
        }
    }

    /// A wildcard in one alert that changes what another alert's test takes: they share the machine
    /// of a bus.
    fn wildcards(&mut self, blueprint: &Blueprint, notes: &[AlertNotes]) {
        let filters = |alert: &'_ Alert| -> Vec<Filter> {
            let except = alert.except.iter().map(|except| except.filter.clone());
            alert.filter.iter().cloned().chain(except).collect()
        };
        let all: Vec<Filter> = blueprint.alerts.iter().flat_map(filters).collect();
        let all: Vec<&Filter> = all.iter().collect();
        for beside in beside_ignore_case(&all) {
            let has = |alert: &&Alert| {
                filters(alert).iter().any(|filter| filter.ignores_case_at(&beside.path))
            };
            let Some(at) = blueprint.alerts.iter().position(|alert| has(&alert)) else { continue };
            let alert = &blueprint.alerts[at];
            let what = if beside.misses { "misses events" } else { "takes other texts, too" };
            self.warn(
                codes::WILDCARD_BESIDE_IGNORE_CASE,
                notes.get(at),
                alert.span.as_ref(),
                format!(
                    "`{}` is held against `{}` without case, beside the wildcard `{}`: EventBridge \
                     takes any character for the first, and {what}",
                    beside.path, beside.ignoring_case, beside.wildcard
                ),
                "write the spellings that occur as plain values, or a wildcard that does not begin \
                 with `*`"
                    .to_owned(),
            );
        }
    }

    /// Wildcards of one alert that EventBridge may refuse.
    fn complexity(&mut self, alert: &Alert, notes: &AlertNotes) {
        let except = alert.except.iter().map(|except| except.filter.clone());
        let filter = Filter::All(alert.filter.iter().cloned().chain(except).collect());
        if filter.complexity() > COMPLEXITY_MAX {
            self.warn(
                codes::WILDCARDS_COMPLEX,
                Some(notes),
                alert.span.as_ref(),
                format!("the wildcards of `{}` may be too complex for EventBridge", alert.id),
                "write fewer wildcards on one field, use `prefix` and `suffix` where they will do, \
                 or split the alert"
                    .to_owned(),
            );
        }
    }

    /// What no record can have.
    fn records(&mut self, alert: &Alert, notes: &AlertNotes) {
        for finding in alert.held_against_records().findings {
            let Finding { part, path, matcher, .. } = &finding;
            let span = notes.place(*part, path, matcher.as_ref()).or(alert.span.as_ref()).cloned();
            self.warn(finding.code, Some(notes), span.as_ref(), finding.message, finding.help);
        }
    }

    /// What EventBridge decides otherwise than a reader may expect.
    fn conditions(&mut self, alert: &Alert, notes: &AlertNotes) {
        let excepted = alert.except.iter().enumerate();
        let excepted = excepted.map(|(number, except)| (Part::Except(number), &except.filter));
        let filters =
            || alert.filter.iter().map(|filter| (Part::Where, filter)).chain(excepted.clone());
        let at = |part: Part, path: &str| notes.place(part, path, None).or(alert.span.as_ref());
        let wide = filters().flat_map(|(part, filter)| {
            filter.wide_numbers().into_iter().map(move |(path, number)| (part, path, number))
        });
        for (part, path, number) in wide {
            self.warn(
                codes::NUMBER_BEYOND_5E9,
                Some(notes),
                at(part, path),
                format!("`{path}` is compared with {number}, which is beyond 5,000,000,000"),
                "EventBridge's library compares it since 2024-09; AWS's guide says otherwise: try \
                 it with events on both sides of the number"
                    .to_owned(),
            );
        }
        // An exception is compiled to texts, which are of one family.
        for (path, block) in alert.filter.iter().flat_map(Filter::blocks) {
            let Some(others) = address::other_family(block) else { continue };
            self.warn(
                codes::CIDR_TAKES_OTHER_FAMILY,
                Some(notes),
                notes
                    .place(Part::Where, path, Some(&Matcher::Cidr(*block)))
                    .or(alert.span.as_ref()),
                format!("{block} on `{path}` also takes {others}"),
                one_family(path, block),
            );
        }
        let odd = filters().flat_map(|(part, filter)| {
            filter.odd_numbers().into_iter().map(move |(path, number)| (part, path, number))
        });
        for (part, path, number) in odd {
            self.warn(
                codes::NUMBER_SPELLING,
                Some(notes),
                notes
                    .place(part, path, Some(&Matcher::Exact(number.clone())))
                    .or(alert.span.as_ref()),
                format!("`{path}` is compared with {number} by what it is worth"),
                format!("write {:.0}, which is the same condition", number.as_f64().unwrap_or(0.0)),
            );
        }
    }

    fn events(&mut self, alert: &Alert, notes: &AlertNotes) {
        for (source, names, modern) in LEGACY {
            let legacy =
                |event: &EventRef| event.source == *source && names.contains(&event.name.as_str());
            let found: Vec<&Resolved> =
                notes.events.iter().filter(|resolved| legacy(&resolved.event)).collect();
            if let Some(first) = found.first() {
                let mut list: Vec<String> = found.iter().map(|found| found.event.short()).collect();
                list.dedup();
                self.warn(
                    codes::LEGACY_EVENT,
                    Some(notes),
                    Some(&first.span),
                    format!("EC2-Classic is retired: {} can hardly succeed today", list.join(", ")),
                    format!("today's equivalents are {modern}"),
                );
            }
        }
        self.data_events(notes);
        // What is taken for a sign-in in case it is one lands like any other call.
        let sign_in = |found: &&Resolved| {
            found.event.kind == EventKind::Signin && found.event.landing == Landing::SignIn
        };
        if let Some(found) = notes.events.iter().find(sign_in) {
            self.sign_in(alert, notes, &found.span);
        }
        let mut told = BTreeSet::new();
        for found in notes.events.iter().filter(|resolved| resolved.unchecked) {
            let known = catalogue::find(&found.event.source, &found.event.name);
            if known.is_some_and(|known| known.is(found.event.kind))
                && told.insert(found.event.short())
            {
                self.warn(
                    codes::UNCHECKED_KNOWN,
                    Some(notes),
                    Some(&found.span),
                    format!("the catalogue knows `{}`", found.event.short()),
                    format!("write `{}`, without `unchecked`", found.event.short()),
                );
            }
        }
    }

    /// Data events, and events that are perhaps such.
    fn data_events(&mut self, notes: &AlertNotes) {
        let data = || notes.events.iter().filter(|one| one.event.kind == EventKind::Data);
        let Some(first) = data().next() else { return };
        let names: BTreeSet<String> = data().map(|found| found.event.short()).collect();
        let also = |found: &Resolved| {
            let same = |one: &&Resolved| one.event.short() == found.event.short();
            notes.events.iter().filter(same).any(|one| one.event.kind.is_management())
        };
        let (are, one) = match data().all(also) {
            true => ("may be", "a data event, perhaps: trails leave those out by default"),
            false => ("are", "a data event, which trails leave out by default"),
        };
        let message = match names.first().filter(|_| names.len() == 1) {
            Some(name) => format!("`{name}` is {one}"),
            None => {
                let names = names.into_iter().collect::<Vec<_>>().join("`, `");
                format!("`{names}` {are} data events, which trails leave out by default")
            }
        };
        let help = "add data event selectors for it to a trail, and mind that they are billed";
        self.warn(codes::DATA_EVENT, Some(notes), Some(&first.span), message, help.to_owned());
    }

    fn sign_in(&mut self, alert: &Alert, notes: &AlertNotes, span: &Span) {
        let wanted: &[&str] =
            if notes.only_root { &[ROOT_SIGN_IN_REGION] } else { &GLOBAL_SIGN_IN_REGIONS };
        let missed: Vec<&str> = match &self.checked.blueprint.regions {
            Regions::List(list) => {
                // Other partitions have sign-in endpoints of their own.
                if list.iter().any(|region| region.partition() != Partition::Aws) {
                    return;
                }
                let covered: BTreeSet<&str> = list.iter().map(|region| region.as_str()).collect();
                wanted.iter().copied().filter(|region| !covered.contains(region)).collect()
            }
            Regions::Enabled { except } => except
                .iter()
                .map(|exception| exception.region.as_str())
                .filter(|region| wanted.contains(region))
                .collect(),
        };
        if missed.is_empty() {
            return;
        }
        let who = if notes.only_root { "root" } else { "people" };
        self.warn(
            codes::SIGN_IN_REGIONS,
            Some(notes),
            Some(span),
            format!("`{}` misses sign-ins that land in {}", alert.id, missed.join(", ")),
            format!(
                "where a sign-in lands depends on the endpoint that {who} used: cover {}, best `regions: enabled`",
                missed.join(", ")
            ),
        );
    }

    fn critical(&mut self, alert: &Alert, notes: &AlertNotes) {
        let blueprint = &self.checked.blueprint;
        // Accounts may have routes of their own: each way is judged.
        let mut destinations: BTreeMap<&str, &Destination> = BTreeMap::new();
        let mut by_email_alone = false;
        for names in blueprint.notify_variants(alert) {
            let here: Vec<&Destination> =
                names.iter().filter_map(|name| blueprint.destinations.get(name)).collect();
            let mut subscribers = here.iter().flat_map(|to| &to.subscribers).peekable();
            by_email_alone |= subscribers.peek().is_some() && subscribers.all(is_email);
            destinations.extend(here.iter().map(|to| (to.name.as_str(), *to)));
        }
        if by_email_alone {
            self.warn(
                codes::CRITICAL_EMAIL_ONLY,
                Some(notes),
                alert.span.as_ref(),
                format!("`{}` is critical and reaches people by e-mail alone", alert.id),
                "more than 10 messages a second suspend an e-mail subscription, and one click in any message ends it: add chat, https, sqs or lambda".to_owned(),
            );
        }
        for destination in destinations.into_values() {
            let lower = blueprint.alerts.iter().find(|other| {
                other.risk < Risk::Critical && blueprint.notifies(other, &destination.name)
            });
            // One warning per destination: the first critical alert that does not allow it speaks.
            let first = blueprint.alerts.iter().zip(&self.checked.alerts).find(|(other, notes)| {
                other.risk == Risk::Critical
                    && blueprint.notifies(other, &destination.name)
                    && !notes.allow.contains(&codes::CRITICAL_EMAIL_SHARED)
            });
            if let Some(lower) = lower
                && first.is_some_and(|(first, _)| first.id == alert.id)
                && destination.subscribers.iter().any(is_email)
            {
                self.warn(
                    codes::CRITICAL_EMAIL_SHARED,
                    Some(notes),
                    destination.span.as_ref(),
                    format!(
                        "`{}` mails critical alerts (`{}`) and {} ones (`{}`)",
                        destination.name, alert.id, lower.risk.as_str(), lower.id
                    ),
                    "a burst of more than 10 messages a second suspends the subscription for both: give critical alerts a destination of their own".to_owned(),
                );
            }
        }
    }

    fn destination(&mut self, destination: &Destination) {
        let span = destination.span.as_ref();
        let name = &destination.name;
        let blueprint = &self.checked.blueprint;
        let heals = blueprint.heal.as_ref().is_some_and(|heal| heal.notify == *name);
        if !heals && blueprint.alerts.iter().all(|alert| !blueprint.notifies(alert, name)) {
            self.warn(
                codes::DESTINATION_UNUSED,
                None,
                span,
                format!("no alert is sent to `{name}`"),
                "name it in `routes:` or in an alert's `notify:`, or remove it".to_owned(),
            );
        }
        if destination.subscribers.is_empty() {
            self.warn(
                codes::DESTINATION_WITHOUT_SUBSCRIBERS,
                None,
                span,
                format!("`{name}` lists no subscribers"),
                match destination.topic {
                    DestinationTopic::Managed(_) => {
                        "add `subscribers:`, or nobody hears".to_owned()
                    }
                    DestinationTopic::Existing(_) => {
                        "list who should be subscribed to this topic, so that it can be proven"
                            .to_owned()
                    }
                },
            );
        }
        if let (Some(hub), DestinationTopic::Existing(arn)) = (&blueprint.hub, &destination.topic)
            && ["{account}", "{region}"].iter().any(|place| arn.contains(place))
        {
            self.warn(
                codes::HUB_TOPIC,
                None,
                span,
                format!("`{name}` means one topic, the hub's: other accounts and regions have no part in it"),
                format!("write `{}` and `{}` into its ARN", hub.account, hub.region),
            );
        }
        for subscriber in &destination.subscribers {
            let Subscriber::Endpoint(endpoint) = subscriber else { continue };
            if let Some(what) = secret::literal(endpoint.address()) {
                self.warn(
                    codes::SECRET_IN_URL,
                    None,
                    span,
                    format!("`{name}` has {what}, in clear, in {}", endpoint.shown()),
                    SecretSource::HELP.to_owned(),
                );
            }
        }
        for subscriber in &destination.subscribers {
            let Subscriber::Endpoint(endpoint) = subscriber else { continue };
            let Some(host) = chat_host(endpoint.address()) else { continue };
            self.warn(
                codes::CHAT_WEBHOOK,
                None,
                span,
                format!("`{name}` subscribes {host}, which never confirms a subscription of SNS"),
                "write `format: chat` with a `chat:` subscriber, or put a function between"
                    .to_owned(),
            );
        }
        let machine = |subscriber: &&Subscriber| match subscriber {
            Subscriber::Endpoint(endpoint) => endpoint.protocol != Protocol::Email,
            Subscriber::Chat(_) => false,
        };
        if matches!(destination.format, Format::Mail | Format::Text)
            && let Some(Subscriber::Endpoint(endpoint)) =
                destination.subscribers.iter().find(machine)
        {
            self.warn(
                codes::TEXT_TO_MACHINE,
                None,
                span,
                format!("`{name}` sends text for people to {}", endpoint.protocol),
                "write `format: json`, in a destination of its own if people read this one"
                    .to_owned(),
            );
        }
    }

    /// Alerts that another one makes superfluous.
    fn duplicates(&mut self, blueprint: &Blueprint, notes: &[AlertNotes]) {
        for (alert, other) in redundant(blueprint) {
            let at = blueprint.alerts.iter().position(|one| one.id == alert.id);
            self.warn(
                codes::ALERT_DUPLICATED,
                at.and_then(|at| notes.get(at)),
                alert.span.as_ref(),
                format!(
                    "whatever raises `{}` raises `{}`, too: everybody is told twice",
                    alert.id, other.id
                ),
                format!("`omit` or remove `{}`, or send it to somebody else", alert.id),
            );
        }
    }

    fn email_confirmations(&mut self, blueprint: &Blueprint) {
        let Some(first) = mailing(blueprint).next() else { return };
        let asked = Confirmations::of(blueprint);
        if asked.hub || (asked.places() <= EMAIL_PLACES && !asked.discovered) {
            return;
        }
        let regions = match asked.enabled {
            false => crate::plural::count(asked.regions, "region"),
            true => format!("every enabled region ({DEFAULT_REGIONS} in a new account)"),
        };
        let covered = match (asked.discovered, asked.accounts) {
            (true, _) => format!("{regions} of every account that is found"),
            (false, 1) => regions,
            (false, accounts) => format!("{regions} of {accounts} accounts"),
        };
        self.warn(
            codes::EMAIL_CONFIRMATIONS,
            None,
            first.span.as_ref(),
            format!("e-mail in {covered} asks for {}", asked.apart()),
            format!(
                "each place has its own topic, and each address confirms each: with `hub: {{ account: …, region: … }}` it is {} in all; or subscribe a queue, function or chat channel",
                asked.together()
            ),
        );
    }
}
