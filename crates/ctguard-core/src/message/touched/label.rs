//! The words of a name in CloudTrail's spelling, and what people call the thing that it names.

/// The words of a name: `dBInstanceIdentifier` is `DB`, `Instance`, `Identifier`.
pub(super) fn split(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let upper = |at: usize| chars.get(at).is_some_and(char::is_ascii_uppercase);
    let lower = |at: usize| chars.get(at).is_some_and(char::is_ascii_lowercase);
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            continue;
        }
        // `aB`, and the last capital of a row before a small letter. The first letter was made
        // small, even of a row of capitals: `dBInstance`, `sAMLProvider`.
        let begins = upper(at)
            && at > 1
            && (lower(at - 1)
                || chars.get(at - 1).is_some_and(char::is_ascii_digit)
                || (upper(at - 1) && lower(at + 1) && at + 2 < chars.len()))
            || (upper(at) && at == 1 && lower(0) && lower(2) && !matches!(c, 'P' | 'D'));
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    if let Some(first) = words.first_mut()
        && first.len() > 1
        && first.chars().skip(1).all(|c| c.is_ascii_uppercase())
    {
        *first = first.to_ascii_uppercase();
    }
    words
}

/// Words at the end of a name that say how a thing is named, not what it is.
const HOW: [&str; 9] =
    ["id", "ids", "arn", "arns", "name", "names", "identifier", "identifiers", "url"];

/// Words that are written in capitals.
const CAPITALS: [&str; 35] = [
    "acl", "ami", "api", "arn", "aws", "cidr", "db", "dhcp", "dns", "ebs", "ecr", "ecs", "efs",
    "eks", "fpga", "hsm", "iam", "id", "ip", "ipam", "kms", "mfa", "oidc", "saml", "sns", "sqs",
    "ssh", "ssl", "ssm", "sso", "tls", "url", "vpc", "vpn", "waf",
];

/// What a parameter of a service is called where its own name does not say it, from the services'
/// API references.
const CALLED: [(&str, &str, &str); 24] = [
    ("ec2", "groupid", "Security group"),
    ("ec2", "groupname", "Security group"),
    ("ec2", "resourceid", "Resource"),
    ("cloudtrail", "name", "Trail"),
    ("cloudtrail", "trailname", "Trail"),
    ("events", "rule", "Rule"),
    ("events", "eventbusname", "Event bus"),
    ("kms", "keyid", "Key"),
    ("kms", "targetkeyid", "Key"),
    ("s3", "key", "Object"),
    ("s3", "bucketname", "Bucket"),
    ("iam", "serialnumber", "MFA device"),
    ("iam", "accesskeyid", "Access key"),
    ("iam", "certificateid", "Certificate"),
    ("secretsmanager", "secretid", "Secret"),
    ("route53", "id", "Hosted zone"),
    ("organizations", "accountid", "Account"),
    ("dynamodb", "tablename", "Table"),
    ("eks", "name", "Cluster"),
    ("ssm", "name", "Name"),
    ("ssm", "target", "Target"),
    ("sts", "rolearn", "Role"),
    ("lambda", "functionname", "Function"),
    ("guardduty", "detectorid", "Detector"),
];

/// What people call the thing that a parameter names, with a capital: `Route table`.
///
/// `object` is what the event or the parent is about; a plain `name`, `id` or `arn` is its name.
pub(super) fn called(source: &str, name: &str, object: &[String]) -> String {
    if let Some(label) = known(source, name) {
        return label.to_owned();
    }
    let mut words = split(name);
    while words.len() > 1 && words.last().is_some_and(|word| is_how(word)) {
        words.pop();
    }
    let bare = words.len() == 1 && words.first().is_some_and(|word| is_how(word));
    if bare && !object.is_empty() {
        words = object.to_vec();
    }
    sentence(&words)
}

/// What a parameter is called whose own name does not say it.
pub(super) fn known(source: &str, name: &str) -> Option<&'static str> {
    let service = crate::event::service(source);
    let small = name.to_ascii_lowercase();
    match small.as_str() {
        "username" => return Some("User"),
        "displayname" => return Some("Display name"),
        _ => {}
    }
    let called = CALLED.iter().find(|(of, called, _)| *of == service && *called == small);
    called.map(|(_, _, label)| *label)
}

/// Whether a word only says how a thing is named.
pub(super) fn is_how(word: &str) -> bool {
    HOW.contains(&word.to_ascii_lowercase().as_str())
}

/// What is opened, granted or sent elsewhere, by the steps to a parameter in small letters.
pub(super) fn opened(steps: &[String]) -> Option<&'static str> {
    let (name, parents) = steps.split_last()?;
    let name = name.as_str();
    let has = |part: &str| name.contains(part);
    let is = |names: &[&str]| names.contains(&name);
    let inside = |part: &str| parents.iter().any(|parent| parent.contains(part));
    let port = ["fromport", "toport", "port", "portrange", "from", "to"];
    Some(match name {
        _ if (inside("ippermissions") && inside("groups")) || inside("referencedgroup") => {
            match is(&["groupid", "groupname"]) {
                true => "Source group",
                false => return None,
            }
        }
        _ if has("cidr") && !has("pool") && !has("association") && !has("reservation") => "CIDR",
        _ if is(&port[..4]) || (is(&port) && inside("portrange")) => "Port",
        _ if inside("permission")
            && is(&["userid", "group", "organizationarn", "organizationalunitarn"]) =>
        {
            "Shared with"
        }
        "principal"
        | "principals"
        | "principalarn"
        | "principalorgid"
        | "granteeprincipal"
        | "granteeserviceprincipal" => "Principal",
        "policyarn" | "policyid" => "Policy",
        "transitgatewayid" | "vpcpeeringconnectionid" => "Gateway",
        _ if name.ends_with("gatewayid") => "Gateway",
        "accountids" | "accountstoadd" | "valuestoadd" | "sharedaccountids" => "Shared with",
        "publiclyaccessible" => "Public",
        "callbackurls" | "endpoint" | "destinationarn" | "targetarn" => "Sent to",
        _ => return None,
    })
}

/// Words as a label: the first with a capital, the others small, acronyms in capitals.
fn sentence(words: &[String]) -> String {
    let written = words.iter().enumerate().map(|(at, word)| {
        let small = word.to_ascii_lowercase();
        let capitals = word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        if CAPITALS.contains(&small.as_str()) || (capitals && word.len() < 6) {
            return word.to_ascii_uppercase();
        }
        let mut letters = small.chars();
        match (at, letters.next()) {
            (0, Some(first)) => first.to_ascii_uppercase().to_string() + letters.as_str(),
            _ => small,
        }
    });
    written.collect::<Vec<_>>().join(" ")
}
