//! What event selectors record, and how to widen them without losing what others put there.

use super::{
    AdvancedSelector, BasicSelector, EXCLUDABLE_SOURCES, FieldSelector, ManagementNeeds, ReadWrite,
    Selectors,
};
use crate::event::Access;

/// Stands for every event source that selectors cannot exclude from management events.
const ORDINARY_SOURCE: &str = "ec2.amazonaws.com";

impl Selectors {
    /// Whether a management event of this source and access is recorded.
    pub fn include_management(&self, source: &str, access: Access) -> bool {
        match self {
            Self::Basic(list) => list.iter().any(|selector| {
                selector.management_events
                    && !selector.exclude_management_sources.iter().any(|s| s == source)
                    && match selector.read_write {
                        ReadWrite::All => true,
                        ReadWrite::ReadOnly => access == Access::Read,
                        ReadWrite::WriteOnly => access == Access::Write,
                    }
            }),
            Self::Advanced(list) => {
                list.iter().any(|selector| selector.takes("Management", source, access))
            }
        }
    }

    /// Whether any data event of this source is recorded. Which resources a data selector
    /// covers is not judged: the answer is about the source's resource types.
    pub fn include_data(&self, source: &str, access: Access) -> bool {
        let prefix = data_resource_prefix(source);
        match self {
            Self::Basic(list) => list.iter().any(|selector| {
                selector.data_resources.iter().any(|data| data.resource_type.starts_with(&prefix))
                    && match selector.read_write {
                        ReadWrite::All => true,
                        ReadWrite::ReadOnly => access == Access::Read,
                        ReadWrite::WriteOnly => access == Access::Write,
                    }
            }),
            Self::Advanced(list) => list.iter().any(|selector| {
                selector.takes("Data", source, access)
                    && selector.fields.iter().any(|field| {
                        field.field == "resources.type"
                            && field.equals.iter().any(|kind| kind.starts_with(&prefix))
                    })
            }),
        }
    }

    /// Whether any network activity event of this source is recorded. Which calls and VPC endpoints
    /// the selectors name is not judged.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
    pub fn include_network(&self, source: &str) -> bool {
        match self {
            Self::Basic(_) => false,
            Self::Advanced(list) => {
                let either = [Access::Read, Access::Write];
                list.iter().any(|selector| {
                    either.iter().any(|access| selector.takes("NetworkActivity", source, *access))
                })
            }
        }
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
            (true, ORDINARY_SOURCE),
            (needs.kms, EXCLUDABLE_SOURCES[0]),
            (needs.rds_data, EXCLUDABLE_SOURCES[1]),
        ];
        accesses.iter().filter(|(needed, _)| *needed).all(|(_, access)| {
            sources
                .iter()
                .filter(|(needed, _)| *needed)
                .all(|(_, source)| self.include_management(source, *access))
        })
    }
}

impl AdvancedSelector {
    /// Whether an event of this category, source and access passes the fields that can be known of
    /// it.
    fn takes(&self, category: &str, source: &str, access: Access) -> bool {
        let read_only = if access == Access::Read { "true" } else { "false" };
        let mut names_category = false;
        for field in &self.fields {
            let value = match field.field.as_str() {
                "eventCategory" => {
                    names_category = true;
                    category
                }
                "readOnly" => read_only,
                "eventSource" => source,
                // Fields such as resources.ARN or eventName narrow further than can be judged here.
                _ => continue,
            };
            if !field.takes(value) {
                return false;
            }
        }
        names_category
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
    let is_management = |selector: &AdvancedSelector| {
        selector.fields.iter().any(|f| f.field == "eventCategory" && f.equals == ["Management"])
    };
    let now = Selectors::Advanced(list.to_vec());
    let recorded = |source: &str, access| now.include_management(source, access);
    let dropped =
        |source: &str| !recorded(source, Access::Read) && !recorded(source, Access::Write);
    let excluded: Vec<String> =
        [(EXCLUDABLE_SOURCES[0], needs.kms), (EXCLUDABLE_SOURCES[1], needs.rds_data)]
            .into_iter()
            .filter(|(source, needed)| !needed && dropped(source))
            .map(|(source, _)| source.to_owned())
            .collect();
    let read = needs.read || recorded(ORDINARY_SOURCE, Access::Read);
    let write = needs.write || recorded(ORDINARY_SOURCE, Access::Write);

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
    let name = list.iter().find(|selector| is_management(selector)).and_then(|s| s.name.clone());
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
                selectors.include_management(source, access),
                taken,
                "{selectors:?} {source} {access:?}"
            );
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
        assert!(wide.include_management(EC2, Access::Write));
        assert!(wide.include_management(EC2, Access::Read), "what was recorded stays recorded");
        let Selectors::Advanced(list) = &wide else { panic!("the form changed") };
        assert!(list.contains(&data), "the data selector of others is gone");
        assert_eq!(wide.widened(needs), None, "widening twice changes nothing");

        let needs = ManagementNeeds { read: true, write: true, kms: true, rds_data: false };
        let wide = basic(ReadWrite::WriteOnly, &[KMS, "rdsdata.amazonaws.com"]).widened(needs);
        assert_eq!(wide, Some(basic(ReadWrite::All, &["rdsdata.amazonaws.com"])));
    }
}
