//! Names of the techniques of ATT&CK: those that built-in blueprints watch for, and those that
//! ATT&CK has for clouds.

/// The version of ATT&CK whose ids and names these are.
///
/// Source: <https://attack.mitre.org/resources/versions/>
pub const ATTACK_VERSION: &str = "19";

/// Id and name, sorted by id.
///
/// Source: <https://attack.mitre.org/techniques/enterprise/>
const TECHNIQUES: &[(&str, &str)] = &[
    ("T1020.001", "Traffic Duplication"),
    ("T1040", "Network Sniffing"),
    ("T1070", "Indicator Removal"),
    ("T1071.004", "DNS"),
    ("T1072", "Software Deployment Tools"),
    ("T1078.004", "Cloud Accounts"),
    ("T1087.004", "Cloud Account"),
    ("T1098", "Account Manipulation"),
    ("T1098.001", "Additional Cloud Credentials"),
    ("T1098.003", "Additional Cloud Roles"),
    ("T1098.005", "Device Registration"),
    ("T1110", "Brute Force"),
    ("T1133", "External Remote Services"),
    ("T1136.003", "Cloud Account"),
    ("T1190", "Exploit Public-Facing Application"),
    ("T1195.002", "Compromise Software Supply Chain"),
    ("T1199", "Trusted Relationship"),
    ("T1484", "Domain or Tenant Policy Modification"),
    ("T1484.002", "Trust Modification"),
    ("T1485", "Data Destruction"),
    ("T1486", "Data Encrypted for Impact"),
    ("T1490", "Inhibit System Recovery"),
    ("T1496", "Resource Hijacking"),
    ("T1496.001", "Compute Hijacking"),
    ("T1496.003", "SMS Pumping"),
    ("T1496.004", "Cloud Service Hijacking"),
    ("T1525", "Implant Internal Image"),
    ("T1530", "Data from Cloud Storage"),
    ("T1531", "Account Access Removal"),
    ("T1535", "Unused/Unsupported Cloud Regions"),
    ("T1537", "Transfer Data to Cloud Account"),
    ("T1548", "Abuse Elevation Control Mechanism"),
    ("T1550.001", "Application Access Token"),
    ("T1552", "Unsecured Credentials"),
    ("T1555.006", "Cloud Secrets Management Stores"),
    ("T1556", "Modify Authentication Process"),
    ("T1556.006", "Multi-Factor Authentication"),
    ("T1557", "Adversary-in-the-Middle"),
    ("T1565", "Data Manipulation"),
    ("T1566", "Phishing"),
    ("T1578.001", "Create Snapshot"),
    ("T1578.002", "Create Cloud Instance"),
    ("T1578.005", "Modify Cloud Compute Configurations"),
    ("T1580", "Cloud Infrastructure Discovery"),
    ("T1584.001", "Domains"),
    ("T1598", "Phishing for Information"),
    ("T1599", "Network Boundary Bridging"),
    ("T1606.002", "SAML Tokens"),
    ("T1648", "Serverless Execution"),
    ("T1649", "Steal or Forge Authentication Certificates"),
    ("T1666", "Modify Cloud Resource Hierarchy"),
    ("T1685", "Disable or Modify Tools"),
    ("T1685.002", "Disable or Modify Cloud Log"),
    ("T1686.001", "Cloud Firewall"),
    ("T1690", "Prevent Command History Logging"),
];

/// The techniques of the matrix for infrastructure in a cloud, with their source on top.
const CLOUD: &str = include_str!("iaas.tsv");

/// A technique of the matrix for infrastructure in a cloud (IaaS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CloudTechnique {
    pub id: &'static str,
    pub name: &'static str,
    /// Whether it is done by calls or sign-ins, which CloudTrail records.
    pub by_calls: bool,
}

/// The techniques of the matrix, in the order of their ids.
pub(super) fn cloud_techniques() -> impl Iterator<Item = CloudTechnique> {
    CLOUD.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut cells = line.split('\t');
        let (id, name, by) = (cells.next()?, cells.next()?, cells.next()?);
        Some(CloudTechnique { id, name, by_calls: by == "calls" })
    })
}

/// The name of a technique, where a built-in blueprint watches for it or the matrix has it.
pub fn technique_name(id: &str) -> Option<&'static str> {
    let of_matrix = || cloud_techniques().find(|one| one.id == id).map(|one| one.name);
    match TECHNIQUES.binary_search_by(|(known, _)| (*known).cmp(id)) {
        Ok(at) => TECHNIQUES.get(at).map(|(_, name)| *name),
        Err(_) => of_matrix(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_whole_and_in_order() {
        let rows = CLOUD.lines().filter(|line| !line.starts_with('#'));
        assert!(rows.clone().all(|row| row.split('\t').count() == 3));
        assert!(rows.clone().all(|row| row.ends_with("\tcalls") || row.ends_with("\telsewhere")));
        let ids: Vec<&str> = cloud_techniques().map(|one| one.id).collect();
        assert_eq!((ids.len(), ids.is_sorted()), (rows.count(), true));
        assert!(ids.len() > 90, "{}", ids.len());
        for one in cloud_techniques() {
            assert_eq!(technique_name(one.id), Some(one.name), "{one:?} has two names");
        }
    }
}
