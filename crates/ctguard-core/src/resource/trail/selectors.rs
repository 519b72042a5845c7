//! What event selectors record, and how to widen them without losing what others put there.

use super::{
    AdvancedSelector, BasicSelector, EXCLUDABLE_SOURCES, FieldSelector, ManagementNeeds, ReadWrite,
    Selectors,
};
use crate::event::Access;

/// The fields of a management event that are known of it; of further ones, such as
/// `userIdentity.arn`, only a record tells.
const JUDGED_FIELDS: [&str; 5] =
    ["eventCategory", "readOnly", "eventSource", "eventName", "eventType"];

/// An event that selectors are asked about, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    pub access: Access,
    /// Every source that a trail's selectors cannot exclude, where it is none.
    pub source: Option<&'a str>,
    pub name: Option<&'a str>,
    /// `AwsApiCall`.
    pub event_type: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// Any event of this access, of every source that selectors cannot exclude.
    pub fn ordinary(access: Access) -> Self {
        Self { access, source: None, name: None, event_type: None }
    }

    /// Any event of a source.
    pub fn of_source(source: &'a str, access: Access) -> Self {
        Self { source: Some(source), ..Self::ordinary(access) }
    }
}

impl Selectors {
    /// Whether a management event is recorded; `None` where that depends on what is not known of
    /// it.
    pub fn management(&self, event: &Subject<'_>) -> Option<bool> {
        match self {
            Self::Basic(list) => Some(list.iter().any(|selector| {
                let excluded = &selector.exclude_management_sources;
                selector.management_events
                    && !event.source.is_some_and(|source| excluded.iter().any(|s| s == source))
                    && selector.read_write.takes(event.access)
            })),
            Self::Advanced(list) => {
                any(list.iter().map(|selector| selector.takes("Management", event)))
            }
        }
    }

    /// Whether any data event of this source may be recorded. Which resources a data selector
    /// covers is not judged: the answer is about the source's resource types.
    pub fn include_data(&self, source: &str, event: &Subject<'_>) -> bool {
        let prefix = data_resource_prefix(source);
        match self {
            Self::Basic(list) => list.iter().any(|selector| {
                selector.data_resources.iter().any(|data| data.resource_type.starts_with(&prefix))
                    && selector.read_write.takes(event.access)
            }),
            Self::Advanced(list) => list.iter().any(|selector| {
                selector.takes("Data", event) != Some(false)
                    && selector.fields.iter().any(|field| {
                        field.field == "resources.type"
                            && field.equals.iter().any(|kind| kind.starts_with(&prefix))
                    })
            }),
        }
    }

    /// Whether any network activity event like this one may be recorded. Which VPC endpoints the
    /// selectors name is not judged.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
    pub fn include_network(&self, event: &Subject<'_>) -> bool {
        let Self::Advanced(list) = self else { return false };
        let either = [Access::Read, Access::Write].map(|access| Subject { access, ..*event });
        list.iter().any(|selector| {
            either.iter().any(|event| selector.takes("NetworkActivity", event) != Some(false))
        })
    }

    /// Whether they tell events apart by more than category, access and the sources that a trail
    /// may exclude: then each event is asked for by itself.
    pub fn tell_events_apart(&self) -> bool {
        let Self::Advanced(list) = self else { return false };
        list.iter().flat_map(|selector| &selector.fields).any(|field| match field.field.as_str() {
            "eventName" | "eventType" => true,
            "eventSource" => field.takes_ordinary_source().is_none(),
            _ => false,
        })
    }

    /// The fields of management selectors of which only a record tells whether they match.
    pub fn unjudged_fields(&self) -> Vec<&str> {
        let Self::Advanced(list) = self else { return Vec::new() };
        let management = list.iter().filter(|selector| is_management(selector));
        let names = management.flat_map(|one| &one.fields).map(|field| field.field.as_str());
        let mut names: Vec<&str> = names.filter(|name| !JUDGED_FIELDS.contains(name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// These selectors, widened as little as possible until `needs` are recorded; `None` when they
    /// are already.
    ///
    /// PutEventSelectors replaces everything, so whatever others put there is carried over.
    pub fn widened(&self, needs: ManagementNeeds) -> Option<Self> {
        if self.meets(needs) {
            return None;
        }
        Some(match self {
            Self::Basic(list) => Self::Basic(widen_basic(list, needs)),
            Self::Advanced(list) => Self::Advanced(widen_advanced(list, needs)),
        })
    }

    fn meets(&self, needs: ManagementNeeds) -> bool {
        let accesses = [(needs.read, Access::Read), (needs.write, Access::Write)];
        let sources = [
            (true, None),
            (needs.kms, Some(EXCLUDABLE_SOURCES[0])),
            (needs.rds_data, Some(EXCLUDABLE_SOURCES[1])),
        ];
        accesses.iter().filter(|(needed, _)| *needed).all(|(_, access)| {
            sources
                .iter()
                .filter(|(needed, _)| *needed)
                .map(|(_, source)| Subject { source: *source, ..Subject::ordinary(*access) })
                .all(|event| self.management(&event) == Some(true))
        })
    }
}

impl ReadWrite {
    fn takes(self, access: Access) -> bool {
        match self {
            Self::All => true,
            Self::ReadOnly => access == Access::Read,
            Self::WriteOnly => access == Access::Write,
        }
    }
}

/// Whether one is true; `None` when none surely is and one may be.
fn any(outcomes: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut found = Some(false);
    for one in outcomes {
        match one {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

fn is_management(selector: &AdvancedSelector) -> bool {
    selector.fields.iter().any(|f| f.field == "eventCategory" && f.equals == ["Management"])
}

impl AdvancedSelector {
    /// Whether an event of this category passes all fields; `None` where one of them is about
    /// something that is not known of the event. What PutEventSelectors takes for a trail's
    /// management events are few of them; whatever is read is judged.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
    fn takes(&self, category: &str, event: &Subject<'_>) -> Option<bool> {
        let read_only = if event.access == Access::Read { "true" } else { "false" };
        let (mut names_category, mut is_known) = (false, true);
        for field in &self.fields {
            names_category |= field.field == "eventCategory";
            let value = match field.field.as_str() {
                "eventCategory" => Some(category),
                "readOnly" => Some(read_only),
                "eventSource" => event.source,
                "eventName" => event.name,
                "eventType" => event.event_type,
                _ => None,
            };
            let taken = match (value, field.field.as_str()) {
                (Some(value), _) => Some(field.takes(value)),
                (None, "eventSource") => field.takes_ordinary_source(),
                (None, _) => None,
            };
            match taken {
                Some(false) => return Some(false),
                Some(true) => {}
                None => is_known = false,
            }
        }
        match names_category {
            false => Some(false),
            true => is_known.then_some(true),
        }
    }
}

impl FieldSelector {
    /// The values of each operator: Equals, NotEquals, StartsWith, NotStartsWith, EndsWith and
    /// NotEndsWith.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
    pub fn operators(&self) -> [&Vec<String>; 6] {
        [
            &self.equals,
            &self.not_equals,
            &self.starts_with,
            &self.not_starts_with,
            &self.ends_with,
            &self.not_ends_with,
        ]
    }

    /// Whether it takes every source that a trail's selectors cannot exclude, or none of them.
    fn takes_ordinary_source(&self) -> Option<bool> {
        let excludable = |list: &[String]| {
            list.iter().all(|source| EXCLUDABLE_SOURCES.contains(&source.as_str()))
        };
        if !self.equals.is_empty() && excludable(&self.equals) {
            return Some(false);
        }
        let narrowing = [
            &self.equals,
            &self.starts_with,
            &self.not_starts_with,
            &self.ends_with,
            &self.not_ends_with,
        ];
        let takes_all =
            narrowing.iter().all(|list| list.is_empty()) && excludable(&self.not_equals);
        takes_all.then_some(true)
    }

    fn takes(&self, value: &str) -> bool {
        let any = |list: &[String], test: &dyn Fn(&str) -> bool| list.iter().any(|s| test(s));
        (self.equals.is_empty() || any(&self.equals, &|s| s == value))
            && (self.starts_with.is_empty() || any(&self.starts_with, &|s| value.starts_with(s)))
            && (self.ends_with.is_empty() || any(&self.ends_with, &|s| value.ends_with(s)))
            && !any(&self.not_equals, &|s| s == value)
            && !any(&self.not_starts_with, &|s| value.starts_with(s))
            && !any(&self.not_ends_with, &|s| value.ends_with(s))
    }
}

/// `AWS::S3::` for `s3.amazonaws.com`.
fn data_resource_prefix(source: &str) -> String {
    let service = source.split('.').next().unwrap_or(source);
    let name = match service {
        "s3" => "S3",
        "lambda" => "Lambda",
        "dynamodb" => "DynamoDB",
        "sns" => "SNS",
        "sqs" => "SQS",
        "kinesis" => "Kinesis",
        other => return format!("AWS::{}::", other.to_ascii_uppercase()),
    };
    format!("AWS::{name}::")
}

fn widen_basic(list: &[BasicSelector], needs: ManagementNeeds) -> Vec<BasicSelector> {
    let mut list = list.to_vec();
    let at = list.iter().position(|s| s.management_events).unwrap_or_else(|| {
        list.push(BasicSelector {
            read_write: if needs.read { ReadWrite::ReadOnly } else { ReadWrite::WriteOnly },
            management_events: true,
            exclude_management_sources: Vec::new(),
            data_resources: Vec::new(),
        });
        list.len() - 1
    });
    let selector = &mut list[at];
    let (read, write) = match selector.read_write {
        ReadWrite::All => (true, true),
        ReadWrite::ReadOnly => (true, needs.write),
        ReadWrite::WriteOnly => (needs.read, true),
    };
    selector.read_write = match (read, write) {
        (true, true) => ReadWrite::All,
        (true, false) => ReadWrite::ReadOnly,
        _ => ReadWrite::WriteOnly,
    };
    selector.exclude_management_sources.retain(|source| match source.as_str() {
        "kms.amazonaws.com" => !needs.kms,
        "rdsdata.amazonaws.com" => !needs.rds_data,
        _ => true,
    });
    list
}

fn widen_advanced(list: &[AdvancedSelector], needs: ManagementNeeds) -> Vec<AdvancedSelector> {
    let now = Selectors::Advanced(list.to_vec());
    // What is recorded in part stays recorded.
    let recorded = |event: Subject<'_>| now.management(&event) != Some(false);
    let dropped = |source: &str| {
        let recorded = |access| recorded(Subject::of_source(source, access));
        !recorded(Access::Read) && !recorded(Access::Write)
    };
    let excluded: Vec<String> =
        [(EXCLUDABLE_SOURCES[0], needs.kms), (EXCLUDABLE_SOURCES[1], needs.rds_data)]
            .into_iter()
            .filter(|(source, needed)| !needed && dropped(source))
            .map(|(source, _)| source.to_owned())
            .collect();
    let read = needs.read || recorded(Subject::ordinary(Access::Read));
    let write = needs.write || recorded(Subject::ordinary(Access::Write));

    let mut fields = vec![FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..FieldSelector::default()
    }];
    if read != write {
        fields.push(FieldSelector {
            field: "readOnly".to_owned(),
            equals: vec![read.to_string()],
            ..FieldSelector::default()
        });
    }
    if !excluded.is_empty() {
        fields.push(FieldSelector {
            field: "eventSource".to_owned(),
            not_equals: excluded,
            ..FieldSelector::default()
        });
    }
    let name = list.iter().find(|one| is_management(one)).and_then(|s| s.name.clone());
    let mut out = vec![AdvancedSelector { name, fields }];
    out.extend(list.iter().filter(|selector| !is_management(selector)).cloned());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advanced(fields: &[(&str, &[&str], &[&str])]) -> AdvancedSelector {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        AdvancedSelector {
            name: None,
            fields: fields
                .iter()
                .map(|(field, equals, not_equals)| FieldSelector {
                    field: (*field).to_owned(),
                    equals: owned(equals),
                    not_equals: owned(not_equals),
                    ..FieldSelector::default()
                })
                .collect(),
        }
    }

    fn basic(read_write: ReadWrite, excluded: &[&str]) -> Selectors {
        Selectors::Basic(vec![BasicSelector {
            read_write,
            management_events: true,
            exclude_management_sources: excluded.iter().map(|s| (*s).to_owned()).collect(),
            data_resources: Vec::new(),
        }])
    }

    const EC2: &str = "ec2.amazonaws.com";
    const KMS: &str = "kms.amazonaws.com";

    #[test]
    fn selectors_take_what_aws_says_they_take() {
        let read_only = Selectors::Advanced(vec![advanced(&[
            ("eventCategory", &["Management"], &[]),
            ("readOnly", &["true"], &[]),
        ])]);
        let no_kms = Selectors::Advanced(vec![advanced(&[
            ("eventCategory", &["Management"], &[]),
            ("eventSource", &[], &[KMS]),
        ])]);
        let data_only = Selectors::Advanced(vec![advanced(&[("eventCategory", &["Data"], &[])])]);
        for (selectors, source, access, taken) in [
            (&read_only, EC2, Access::Read, true),
            (&read_only, EC2, Access::Write, false),
            (&no_kms, EC2, Access::Write, true),
            (&no_kms, KMS, Access::Write, false),
            (&data_only, EC2, Access::Write, false),
            (&basic(ReadWrite::WriteOnly, &[]), EC2, Access::Read, false),
            (&basic(ReadWrite::All, &[KMS]), KMS, Access::Read, false),
            (&basic(ReadWrite::All, &[KMS]), EC2, Access::Read, true),
        ] {
            assert_eq!(
                selectors.management(&Subject::of_source(source, access)),
                Some(taken),
                "{selectors:?} {source} {access:?}"
            );
        }
    }

    /// Selectors that are read may have fields that PutEventSelectors refuses today.
    #[test]
    fn further_fields_are_judged_where_the_event_tells_them() {
        let stop = Subject {
            name: Some("StopLogging"),
            event_type: Some("AwsApiCall"),
            ..Subject::of_source("cloudtrail.amazonaws.com", Access::Write)
        };
        let any_name = Subject { name: None, event_type: None, ..stop };
        let every_source = Subject::ordinary(Access::Write);
        let field = |name: &str| FieldSelector { field: name.to_owned(), ..Default::default() };
        let one = |value: &str| vec![value.to_owned()];
        let yes = Some(true);
        let no = Some(false);
        for (further, of_event, of_source, of_all) in [
            (
                FieldSelector { not_equals: one("StopLogging"), ..field("eventName") },
                no,
                None,
                None,
            ),
            (FieldSelector { not_starts_with: one("Stop"), ..field("eventName") }, no, None, None),
            (
                FieldSelector { not_equals: one("RunJobFlow"), ..field("eventName") },
                yes,
                None,
                None,
            ),
            (
                FieldSelector { equals: one("iam.amazonaws.com"), ..field("eventSource") },
                no,
                no,
                None,
            ),
            (
                FieldSelector { not_starts_with: one("cloudtrail."), ..field("eventSource") },
                no,
                no,
                None,
            ),
            (
                FieldSelector { not_equals: one("iam.amazonaws.com"), ..field("eventSource") },
                yes,
                yes,
                None,
            ),
            (FieldSelector { not_equals: one(KMS), ..field("eventSource") }, yes, yes, yes),
            (FieldSelector { equals: one(KMS), ..field("eventSource") }, no, no, no),
            (FieldSelector { not_equals: one("AwsApiCall"), ..field("eventType") }, no, None, None),
            (
                FieldSelector { equals: one("true"), ..field("sessionCredentialFromConsole") },
                None,
                None,
                None,
            ),
            (
                FieldSelector { not_ends_with: one("/root"), ..field("userIdentity.arn") },
                None,
                None,
                None,
            ),
        ] {
            let mut selector = advanced(&[("eventCategory", &["Management"], &[])]);
            selector.fields.push(further.clone());
            let selectors = Selectors::Advanced(vec![selector]);
            let found = [stop, any_name, every_source].map(|event| selectors.management(&event));
            assert_eq!(found, [of_event, of_source, of_all], "{further:?}");
            // What apply writes takes them all.
            let needs = ManagementNeeds { write: true, ..ManagementNeeds::default() };
            if of_all != yes {
                let wide = selectors.widened(needs).expect("it leaves something out");
                assert_eq!(wide.management(&stop), yes, "{wide:?}");
            }
        }
    }

    #[test]
    fn widening_meets_the_needs_and_loses_nothing() {
        let data = advanced(&[
            ("eventCategory", &["Data"], &[]),
            ("resources.type", &["AWS::S3::Object"], &[]),
        ]);
        let narrow = Selectors::Advanced(vec![
            advanced(&[("eventCategory", &["Management"], &[]), ("readOnly", &["true"], &[])]),
            data.clone(),
        ]);
        let needs = ManagementNeeds { write: true, ..ManagementNeeds::default() };
        let wide = narrow.widened(needs).expect("it drops writes");
        let takes = |access| wide.management(&Subject::ordinary(access));
        assert_eq!(takes(Access::Write), Some(true));
        assert_eq!(takes(Access::Read), Some(true), "what was recorded stays recorded");
        let Selectors::Advanced(list) = &wide else { panic!("the form changed") };
        assert!(list.contains(&data), "the data selector of others is gone");
        assert_eq!(wide.widened(needs), None, "widening twice changes nothing");

        let needs = ManagementNeeds { read: true, write: true, kms: true, rds_data: false };
        let wide = basic(ReadWrite::WriteOnly, &[KMS, "rdsdata.amazonaws.com"]).widened(needs);
        assert_eq!(wide, Some(basic(ReadWrite::All, &["rdsdata.amazonaws.com"])));
    }
}
