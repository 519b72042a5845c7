//! Web addresses of chat services, which never confirm a subscription of SNS.

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

/// The host of a chat service in a web address, or the service's name where anybody may run it.
pub(super) fn chat_host(address: &str) -> Option<&str> {
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
