//! Accounts and the hub, as typed.

use super::super::keys;
use super::super::reader::{MappingFields, Reader, Spanned};
use super::super::yaml::{Node, Value};
use super::read::{region, routes};
use super::{RawRegion, RawRoute};
use crate::codes;
use crate::diag::{Diagnostic, Span};

#[derive(Debug)]
pub(in super::super) struct RawAccounts {
    pub listed: Vec<RawAccount>,
    pub organizations: Vec<RawOrganization>,
    /// An entry could not be read at all, and is reported.
    pub incomplete: bool,
}

#[derive(Debug)]
pub(in super::super) struct RawAccount {
    pub id: Option<Spanned<String>>,
    pub name: Option<Spanned<String>>,
    pub role: RawAssumedRole,
    pub omit: Vec<Spanned<String>>,
    pub routes: Vec<RawRoute>,
    pub span: Span,
}

#[derive(Debug)]
pub(in super::super) struct RawOrganization {
    pub include_ous: Option<(Vec<Spanned<String>>, Span)>,
    pub exclude: Vec<Spanned<String>>,
    pub role: RawAssumedRole,
    pub span: Span,
}

#[derive(Debug)]
pub(in super::super) struct RawAssumedRole {
    pub role: Option<Spanned<String>>,
    pub external_id: Option<Spanned<String>>,
    pub session_name: Option<Spanned<String>>,
}

#[derive(Debug)]
pub(in super::super) struct RawHub {
    pub account: Option<Spanned<String>>,
    pub region: Option<RawRegion>,
    pub organization: Option<Spanned<String>>,
    pub span: Span,
}

pub(super) fn accounts(reader: &mut Reader<'_>, node: &Node) -> Option<RawAccounts> {
    const HELP: &str = "list them: `accounts: [{ id: \"111122223333\" }, { id: \"222233334444\", role: ctguard }]`";
    let nodes = reader.sequence(node, "accounts", HELP)?;
    if nodes.is_empty() {
        reader.push(
            Diagnostic::error(codes::EMPTY_VALUE, "`accounts` names no account").help(
                "remove the key to cover the account of the credentials in use, or list accounts",
            ),
            &node.span,
        );
        return None;
    }
    let mut accounts =
        RawAccounts { listed: Vec::new(), organizations: Vec::new(), incomplete: false };
    for node in nodes {
        let of_organization = node.entries().iter().any(|entry| entry.key == "organization");
        if of_organization {
            accounts.organizations.extend(organization(reader, node));
        } else {
            accounts.listed.extend(account(reader, node));
        }
    }
    accounts.incomplete = accounts.listed.len() + accounts.organizations.len() < nodes.len();
    Some(accounts)
}

fn account(reader: &mut Reader<'_>, node: &Node) -> Option<RawAccount> {
    let what = keys::ACCOUNT.what();
    if !matches!(node.value, Value::Mapping(_)) {
        let help = "write `{ id: \"222233334444\", role: ctguard }`, or `{ organization: { role: ctguard } }`";
        if let Value::Number(text, _) = &node.value
            && text.len() == 12
        {
            reader.refuse_account_id_numbers(node);
        } else {
            reader.wrong_type(node, what, "a mapping", help);
        }
        return None;
    }
    let fields = reader.mapping(node, keys::ACCOUNT)?;
    let id = reader
        .required(&fields, "id", "its twelve digits, in quotes: `id: \"222233334444\"`")
        .and_then(|node| reader.text(node, "id"));
    Some(RawAccount {
        id,
        name: reader.optional_text(&fields, "name"),
        role: role(reader, &fields),
        omit: reader.texts(&fields, "omit").unwrap_or_default(),
        routes: fields.get("routes").map(|node| routes(reader, node)).unwrap_or_default(),
        span: reader.span(fields.span()),
    })
}

fn organization(reader: &mut Reader<'_>, node: &Node) -> Option<RawOrganization> {
    let entry = reader.mapping(node, keys::ORGANIZATION_ENTRY)?;
    let node = entry.get("organization")?;
    let fields = reader.mapping(node, keys::ORGANIZATION)?;
    reader.required(
        &fields,
        "role",
        "name the role that ctguard assumes in each account that it finds: `organization: { role: ctguard }`; `ctguard policy --bootstrap` prints a template that makes it everywhere",
    );
    let include_ous = fields
        .get("include_ous")
        .and_then(|node| Some((reader.texts(&fields, "include_ous")?, reader.span(&node.span))));
    Some(RawOrganization {
        include_ous,
        exclude: reader.texts(&fields, "exclude").unwrap_or_default(),
        role: role(reader, &fields),
        span: reader.span(fields.span()),
    })
}

fn role(reader: &mut Reader<'_>, fields: &MappingFields<'_>) -> RawAssumedRole {
    RawAssumedRole {
        role: reader.optional_text(fields, "role"),
        external_id: reader.optional_text(fields, "external_id"),
        session_name: reader.optional_text(fields, "session_name"),
    }
}

pub(super) fn hub(reader: &mut Reader<'_>, node: &Node) -> Option<RawHub> {
    let fields = reader.mapping(node, keys::HUB)?;
    let account = reader
        .required(&fields, "account", "the account in which all alerts are raised, in quotes")
        .and_then(|node| reader.text(node, "account"));
    let hub_region = reader
        .required(
            &fields,
            "region",
            "the region in which all alerts are raised, such as `us-east-1`",
        )
        .and_then(|node| region(reader, node, "region"));
    Some(RawHub {
        account,
        region: hub_region,
        organization: reader.optional_text(&fields, "organization"),
        span: reader.span(fields.span()),
    })
}
