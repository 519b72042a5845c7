//! EventBridge (the classic `events` API): rules and their targets, on default and custom buses.

use super::errors::{absent, bad_request, bad_response, is_not_found, kind, listed};
use super::session::{Session, tags_as};
use aws_sdk_eventbridge::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use ctguard_core::cause::Cause;
use ctguard_core::cloud::{CloudError, CloudErrorKind};
use ctguard_core::resource::Tags;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::{
    Input, InputTransformer, RetryPolicy, Rule, RuleState, Target, Targets,
};
use std::collections::{BTreeMap, BTreeSet};

const DELETE_RULE: &str = "events:DeleteRule";
pub(super) const LIST_RULES: &str = "events:ListRules";
pub(super) const LIST_TAGS: &str = "events:ListTagsForResource";
const LIST_TARGETS: &str = "events:ListTargetsByRule";
const PUT_RULE: &str = "events:PutRule";
const PUT_TARGETS: &str = "events:PutTargets";
const REMOVE_TARGETS: &str = "events:RemoveTargets";
pub(super) const TAG_RESOURCE: &str = "events:TagResource";

/// Most entries in one page, for rules, targets and buses.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html>
pub(super) const PAGE: i32 = 100;

/// EventBridge's default RetryPolicy.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
const DEFAULT_RETRY: RetryPolicy =
    RetryPolicy { maximum_event_age_seconds: 86_400, maximum_retry_attempts: 185 };

impl Session {
    /// The rules of a bus (`None`: the default one) whose names begin with a prefix, by name; without
    /// one, all of them. ListRules returns everything that DescribeRule does. `None` when there is no such bus.
    pub(super) async fn rules(
        &self,
        bus: Option<&str>,
        prefix: &str,
    ) -> Result<Option<BTreeMap<String, Rule>>, CloudError> {
        let mut rules = BTreeMap::new();
        let mut pages = self.pages();
        loop {
            let call = self
                .clients
                .events()
                .list_rules()
                .set_event_bus_name(bus.map(str::to_owned))
                .set_name_prefix((!prefix.is_empty()).then(|| prefix.to_owned()))
                .limit(PAGE)
                .set_next_token(pages.token());
            let page = self.send(LIST_RULES, call.send()).await;
            // The default bus always exists, so "not found" is an error.
            let page = if bus.is_some() { absent(page)? } else { Some(page?) };
            let Some(page) = page else { return Ok(None) };
            for found in listed(LIST_RULES, page.rules)? {
                let (name, rule) = rule_from(found)?;
                rules.insert(name, rule);
            }
            if !pages.turn(LIST_RULES, page.next_token.as_deref())? {
                return Ok(Some(rules));
            }
        }
    }

    /// A rule of the default bus by its name; `None` when it is not there. ListRules finds it by the
    /// beginning of its name and says all that DescribeRule does.
    pub(super) async fn named_rule(&self, name: &str) -> Result<Option<Rule>, CloudError> {
        let found = self.rules(None, name).await?;
        Ok(found.and_then(|mut rules| rules.remove(name)))
    }

    /// How many rules the default bus has, and how many of them have a wildcard in their pattern.
    pub(super) async fn rules_on_bus(&self) -> Result<(usize, usize), CloudError> {
        let (mut count, mut wild) = (0, 0);
        let mut pages = self.pages();
        loop {
            let call = self.clients.events().list_rules().limit(PAGE).set_next_token(pages.token());
            let page = self.send(LIST_RULES, call.send()).await?;
            let found = listed(LIST_RULES, page.rules)?;
            count += found.len();
            let patterns = found.iter().filter_map(|rule| rule.event_pattern());
            wild += patterns
                .filter(|eventbridge_pattern| {
                    eventbridge_pattern::text_has_wildcard(eventbridge_pattern)
                })
                .count();
            if !pages.turn(LIST_RULES, page.next_token.as_deref())? {
                return Ok((count, wild));
            }
        }
    }

    /// A rule's targets; `None` when the rule is gone. The rule is named by its key, as in all
    /// functions below.
    pub(super) async fn targets(&self, rule: &RuleKey) -> Result<Option<Targets>, CloudError> {
        let (bus, rule) = split(rule);
        let mut targets = Targets::new();
        let mut pages = self.pages();
        loop {
            let call = self
                .clients
                .events()
                .list_targets_by_rule()
                .set_event_bus_name(bus.clone())
                .rule(rule)
                .limit(PAGE)
                .set_next_token(pages.token());
            let Some(page) = absent(self.send(LIST_TARGETS, call.send()).await)? else {
                return Ok(None);
            };
            for found in listed(LIST_TARGETS, page.targets)? {
                targets.insert(found.id.clone(), target_from(found));
            }
            if !pages.turn(LIST_TARGETS, page.next_token.as_deref())? {
                return Ok(Some(targets));
            }
        }
    }

    pub(super) fn rule_arn(&self, key: &RuleKey) -> String {
        self.place.arn("events", &format!("rule/{key}"))
    }

    /// The tags of a rule or a bus.
    pub(super) async fn event_tags(&self, arn: &str) -> Result<Option<Tags>, CloudError> {
        let call = self.clients.events().list_tags_for_resource().resource_arn(arn);
        let answer = absent(self.send(LIST_TAGS, call.send()).await)?;
        let pair = |tag: sdk::Tag| (tag.key, tag.value);
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().map(pair).collect()))
    }

    /// Writes a rule with all its settings: PutRule resets those that are omitted.
    pub(super) async fn put_rule(
        &self,
        key: &RuleKey,
        rule: &Rule,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        let (bus, name) = split(key);
        let tags = (!tags.is_empty()).then(|| sdk_tags(PUT_RULE, tags)).transpose()?;
        let call = self
            .clients
            .events()
            .put_rule()
            .set_event_bus_name(bus)
            .name(name)
            .state(rule.state.as_str().into())
            .set_event_pattern(rule.event_pattern.clone())
            .set_schedule_expression(rule.schedule_expression.clone())
            .set_description(rule.description.clone())
            .set_role_arn(rule.role_arn.clone())
            .set_tags(tags);
        let result = self.send(PUT_RULE, call.send()).await;
        result.map(drop).map_err(|error| needs_passing(error, rule.role_arn.as_deref()))
    }

    pub(super) async fn tag_rule(&self, key: &RuleKey, tags: &Tags) -> Result<(), CloudError> {
        self.tag_event_resource(&self.rule_arn(key), tags).await
    }

    /// Tags a rule or a bus.
    pub(super) async fn tag_event_resource(
        &self,
        arn: &str,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .events()
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(sdk_tags(TAG_RESOURCE, tags)?));
        self.send(TAG_RESOURCE, call.send()).await.map(drop)
    }

    /// Adds or replaces targets; those with other ids stay.
    pub(super) async fn put_targets(
        &self,
        key: &RuleKey,
        targets: &Targets,
    ) -> Result<(), CloudError> {
        let (bus, rule) = split(key);
        let entries: Result<Vec<_>, _> =
            targets.iter().map(|(id, target)| sdk_target(id, target)).collect();
        let entries = entries.map_err(|error| bad_request(PUT_TARGETS, error.to_string()))?;
        let call = self
            .clients
            .events()
            .put_targets()
            .set_event_bus_name(bus)
            .rule(rule)
            .set_targets(Some(entries));
        let role = targets.values().find_map(|target| target.role_arn.as_deref());
        let answer = self.send(PUT_TARGETS, call.send()).await;
        let answer = answer.map_err(|error| needs_passing(error, role))?;
        let failed = answer.failed_entries.unwrap_or_default().into_iter().map(|entry| Failed {
            id: entry.target_id,
            code: entry.error_code,
            message: entry.error_message,
        });
        refuse_failed(PUT_TARGETS, answer.failed_entry_count, failed)
            .map_err(|error| needs_passing(error, role))
    }

    /// Removes targets; those that are gone are ignored.
    pub(super) async fn remove_targets(
        &self,
        key: &RuleKey,
        ids: &BTreeSet<String>,
    ) -> Result<(), CloudError> {
        let (bus, rule) = split(key);
        let call = self
            .clients
            .events()
            .remove_targets()
            .set_event_bus_name(bus)
            .rule(rule)
            .set_ids(Some(ids.iter().cloned().collect()));
        let Some(answer) = absent(self.send(REMOVE_TARGETS, call.send()).await)? else {
            return Ok(());
        };
        let failed = answer.failed_entries.unwrap_or_default().into_iter().map(|entry| Failed {
            id: entry.target_id,
            code: entry.error_code,
            message: entry.error_message,
        });
        match refuse_failed(REMOVE_TARGETS, answer.failed_entry_count, failed) {
            Err(error) if is_not_found(&error) => Ok(()),
            result => result,
        }
    }

    /// Deletes a rule that has no targets; succeeds if it is gone.
    pub(super) async fn delete_rule(&self, key: &RuleKey) -> Result<(), CloudError> {
        let (bus, name) = split(key);
        let call = self.clients.events().delete_rule().set_event_bus_name(bus).name(name);
        absent(self.send(DELETE_RULE, call.send()).await).map(drop)
    }
}

/// The bus to send along with a rule's name: none for the default one.
fn split(key: &RuleKey) -> (Option<String>, &str) {
    (key.bus().map(str::to_owned), key.name())
}

/// Writing a role's ARN into a rule or target takes iam:PassRole, which an AccessDenied may be
/// about.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
fn needs_passing(error: CloudError, role: Option<&str>) -> CloudError {
    match role {
        Some(role) if error.kind == CloudErrorKind::AccessDenied => CloudError {
            message: format!(
                "{}; it carries the role {role}, which also takes iam:PassRole on that role to events.amazonaws.com",
                error.message
            ),
            ..error
        },
        _ => error,
    }
}

/// An entry that a batch call refused.
struct Failed {
    id: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

/// A batch call returns 200 even if every entry failed: failures are listed in the response.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>
fn refuse_failed(
    operation: &'static str,
    count: i32,
    failed: impl Iterator<Item = Failed>,
) -> Result<(), CloudError> {
    let mut failed: Vec<Failed> = failed.collect();
    if failed.is_empty() {
        return match count {
            0 => Ok(()),
            count => Err(bad_response(operation, format!("{count} failed entries are not named"))),
        };
    }
    // Real errors come before "not found", which a removal ignores.
    let gone = |entry: &Failed| entry.code.as_deref() == Some("ResourceNotFoundException");
    failed.sort_by_key(gone);
    let code = failed[0].code.clone().unwrap_or_else(|| "FailedEntry".to_owned());
    let told: Vec<String> = failed
        .iter()
        .map(|entry| {
            let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
            format!("{}: {}: {}", text(&entry.id), text(&entry.code), text(&entry.message))
        })
        .collect();
    Err(CloudError {
        operation: operation.to_owned(),
        kind: kind(operation, &code, None),
        code,
        message: told.join("; "),
        request_id: None,
        cause: Cause::Unstated,
    })
}

fn rule_from(listed: sdk::Rule) -> Result<(String, Rule), CloudError> {
    let name = listed.name.ok_or_else(|| bad_response(LIST_RULES, "a rule without a name"))?;
    let state = match listed.state.as_ref().map(sdk::RuleState::as_str) {
        Some("ENABLED") => RuleState::Enabled,
        Some("DISABLED") => RuleState::Disabled,
        Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => {
            RuleState::EnabledWithAllCloudtrailManagementEvents
        }
        other => {
            let state = other.unwrap_or("none");
            return Err(bad_response(LIST_RULES, format!("rule {name} has the state {state}")));
        }
    };
    let rule = Rule {
        state,
        event_pattern: said(listed.event_pattern),
        schedule_expression: said(listed.schedule_expression),
        description: said(listed.description),
        role_arn: said(listed.role_arn),
        managed_by: said(listed.managed_by),
    };
    Ok((name, rule))
}

/// AWS omits what is not set; emulators return an empty text.
pub(super) fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn target_from(listed: sdk::Target) -> Target {
    let others = [
        ("AppSyncParameters", listed.app_sync_parameters.is_some()),
        ("BatchParameters", listed.batch_parameters.is_some()),
        ("EcsParameters", listed.ecs_parameters.is_some()),
        ("HttpParameters", listed.http_parameters.is_some()),
        ("KinesisParameters", listed.kinesis_parameters.is_some()),
        ("RedshiftDataParameters", listed.redshift_data_parameters.is_some()),
        ("RunCommandParameters", listed.run_command_parameters.is_some()),
        ("SageMakerPipelineParameters", listed.sage_maker_pipeline_parameters.is_some()),
        ("SqsParameters", listed.sqs_parameters.is_some()),
    ];
    // AWS accepts only one of the three.
    let input = if let Some(transformer) = listed.input_transformer {
        Input::Transformer(InputTransformer {
            paths: transformer.input_paths_map.unwrap_or_default().into_iter().collect(),
            template: transformer.input_template,
        })
    } else if let Some(text) = listed.input {
        Input::Constant(text)
    } else if let Some(path) = said(listed.input_path) {
        Input::Path(path)
    } else {
        Input::Event
    };
    let retry = |policy: sdk::RetryPolicy| RetryPolicy {
        maximum_event_age_seconds: policy
            .maximum_event_age_in_seconds
            .unwrap_or(DEFAULT_RETRY.maximum_event_age_seconds),
        maximum_retry_attempts: policy
            .maximum_retry_attempts
            .unwrap_or(DEFAULT_RETRY.maximum_retry_attempts),
    };
    Target {
        arn: listed.arn,
        role_arn: said(listed.role_arn),
        input,
        dead_letter_arn: listed.dead_letter_config.and_then(|config| said(config.arn)),
        retry_policy: listed.retry_policy.map(retry),
        other_parameters: others
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| name.to_owned())
            .collect(),
    }
}

fn sdk_target(id: &str, target: &Target) -> Result<sdk::Target, BuildError> {
    let builder = sdk::Target::builder()
        .id(id)
        .arn(&target.arn)
        .set_role_arn(target.role_arn.clone())
        .set_dead_letter_config(
            target
                .dead_letter_arn
                .as_ref()
                .map(|arn| sdk::DeadLetterConfig::builder().arn(arn).build()),
        )
        .set_retry_policy(target.retry_policy.map(|policy| {
            sdk::RetryPolicy::builder()
                .maximum_event_age_in_seconds(policy.maximum_event_age_seconds)
                .maximum_retry_attempts(policy.maximum_retry_attempts)
                .build()
        }));
    match &target.input {
        Input::Event => builder,
        Input::Path(path) => builder.input_path(path),
        Input::Constant(text) => builder.input(text),
        Input::Transformer(transformer) => {
            let paths = (!transformer.paths.is_empty())
                .then(|| transformer.paths.clone().into_iter().collect());
            builder.input_transformer(
                sdk::InputTransformer::builder()
                    .set_input_paths_map(paths)
                    .input_template(&transformer.template)
                    .build()?,
            )
        }
    }
    .build()
}

pub(super) fn sdk_tags(operation: &'static str, tags: &Tags) -> Result<Vec<sdk::Tag>, CloudError> {
    tags_as(operation, tags, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(target: &Target) -> Target {
        target_from(sdk_target("id", target).unwrap())
    }

    #[test]
    fn a_target_comes_back_as_it_was_written() {
        let plain = Target {
            arn: "arn:aws:sns:eu-west-1:111122223333:alerts".to_owned(),
            role_arn: None,
            input: Input::Event,
            dead_letter_arn: None,
            retry_policy: None,
            other_parameters: Vec::new(),
        };
        let transformer = |paths: &[(&str, &str)]| {
            Input::Transformer(InputTransformer {
                paths: paths.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                template: "\"<who>\"".to_owned(),
            })
        };
        for input in [
            Input::Event,
            Input::Path("$.detail".to_owned()),
            Input::Constant(String::new()),
            transformer(&[]),
            transformer(&[("who", "$.detail.userIdentity.arn")]),
        ] {
            let target = Target { input, ..plain.clone() };
            assert_eq!(round_trip(&target), target);
        }
        let full = Target {
            role_arn: Some("arn:aws:iam::111122223333:role/r".to_owned()),
            dead_letter_arn: Some("arn:aws:sqs:eu-west-1:111122223333:dead".to_owned()),
            retry_policy: Some(DEFAULT_RETRY),
            ..plain
        };
        assert_eq!(round_trip(&full), full);
    }

    #[test]
    fn parameters_of_other_kinds_of_target_are_named() {
        let listed = sdk::Target::builder()
            .id("id")
            .arn("arn:aws:sqs:eu-west-1:111122223333:q")
            .sqs_parameters(sdk::SqsParameters::builder().message_group_id("g").build())
            .build()
            .unwrap();
        assert_eq!(target_from(listed).other_parameters, ["SqsParameters"]);
    }

    #[test]
    fn a_rule_in_a_state_that_ctguard_does_not_know_is_not_guessed_at() {
        let listed = |state: &str| sdk::Rule::builder().name("r").state(state.into()).build();
        assert!(rule_from(listed("ENABLED")).is_ok());
        assert_eq!(rule_from(listed("PAUSED")).unwrap_err().code, "BadResponse");
    }

    #[test]
    fn failed_entries_are_errors_with_the_code_of_the_worst() {
        let failed = |code: &str| Failed {
            id: Some("secops".to_owned()),
            code: Some(code.to_owned()),
            message: Some("no".to_owned()),
        };
        assert!(refuse_failed(PUT_TARGETS, 0, std::iter::empty()).is_ok());
        assert!(
            refuse_failed(PUT_TARGETS, 1, std::iter::empty()).is_err(),
            "a count without entries must not pass for success"
        );
        let both = [failed("ResourceNotFoundException"), failed("AccessDeniedException")];
        let error = refuse_failed(REMOVE_TARGETS, 2, both.into_iter()).unwrap_err();
        assert_eq!(error.code, "AccessDeniedException");
        assert!(error.message.contains("secops"), "{}", error.message);
    }
}
