//! Address blocks: who is in one, and how the addresses in one are spelled.

use super::{Matcher, TextKind, TextTest};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::IpAddr;

/// Most values that one block is spelled out into; more would not fit into a pattern anyway.
const SPELLINGS_MAX: usize = 128;

/// Whether a string is an address of the block.
///
/// EventBridge counts from the address as written, not from the start of its block
/// (<https://github.com/aws/event-ruler>): `10.0.0.7/24` begins at `10.0.0.7`.
pub fn contains(block: &IpNet, text: &str) -> bool {
    // A string can only be an address if it has digits and separators alone; most have not.
    let looks_right = |b: u8| b.is_ascii_hexdigit() || b == b'.' || b == b':';
    text.len() <= 45
        && text.bytes().all(looks_right)
        && text.parse::<IpAddr>().is_ok_and(|address| holds(block, address))
}

fn holds(block: &IpNet, address: IpAddr) -> bool {
    block.contains(&address) && block.addr() <= address
}

/// Whether every address of `inner` is in `outer`.
pub fn within(inner: &IpNet, outer: &IpNet) -> bool {
    let last = inner.broadcast();
    holds(outer, inner.addr()) && holds(outer, last)
}

/// Whether no address is in both.
pub fn apart(a: &IpNet, b: &IpNet) -> bool {
    let same_family = a.addr().is_ipv4() == b.addr().is_ipv4();
    !same_family || a.broadcast() < b.addr() || b.broadcast() < a.addr()
}

/// What is left of `whole` without `part`: the blocks beside it, from the largest down.
pub fn without(whole: &IpNet, part: &IpNet) -> Vec<IpNet> {
    let (mut rest, mut left) = (*whole, Vec::new());
    while rest != *part {
        let Ok(halves) = rest.subnets(rest.prefix_len() + 1) else {
            break;
        };
        let (inside, outside): (Vec<_>, Vec<_>) = halves.partition(|half| half.contains(part));
        left.extend(outside);
        let Some(next) = inside.first() else {
            break;
        };
        rest = *next;
    }
    left
}

/// Tests on strings that exactly the addresses of the block pass, among the strings that
/// CloudTrail writes as `sourceIPAddress`: addresses in their usual spelling, the DNS names of
/// services, and words such as `AWS Internal`
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).
///
/// They exist because a block's complement cannot be written with `cidr` itself: once `cidr`
/// stands in a list of operators, EventBridge compares addresses by number, and every
/// `anything-but` beside it takes them all.
///
/// `None` when the addresses have no such spelling, or too many of them.
pub fn spellings(block: &IpNet) -> Option<Vec<Matcher>> {
    match block {
        IpNet::V4(block) => spellings_v4(block),
        IpNet::V6(block) => spellings_v6(block),
    }
}

fn spellings_v4(block: &Ipv4Net) -> Option<Vec<Matcher>> {
    let length = block.prefix_len();
    if length == 0 {
        return None;
    }
    let octets = block.network().octets();
    // The octets before the last one that the block fixes are written out; that one is listed.
    let listed = usize::from((length - 1) / 8);
    let last = block.broadcast().octets()[listed];
    let fixed: String = octets[..listed].iter().map(|octet| format!("{octet}.")).collect();
    let values = octets[listed]..=last;
    if listed < 3 {
        return Some(values.map(|octet| Matcher::prefix(format!("{fixed}{octet}."))).collect());
    }
    if values.len() <= 64 {
        return Some(values.map(|octet| Matcher::exact(format!("{fixed}{octet}"))).collect());
    }
    let wildcard = |text| Matcher::Text(TextTest { kind: TextKind::Wildcard, text });
    Some(
        decimal_wildcards(octets[3], last)
            .into_iter()
            .map(|octet| wildcard(format!("{fixed}{octet}")))
            .collect(),
    )
}

/// Wildcards for the octets from `low` to `high`: `3*` stands for 3 and 30 to 39, since no octet
/// is longer that begins with 3.
fn decimal_wildcards(low: u8, high: u8) -> Vec<String> {
    let inside = |n: u16| n >= u16::from(low) && n <= u16::from(high);
    let begun_by = |stem: u16| {
        [stem..=stem, stem * 10..=stem * 10 + 9, stem * 100..=stem * 100 + 99]
            .into_iter()
            .flatten()
            .filter(|n| *n <= 255)
    };
    let mut wildcards = Vec::new();
    if inside(0) {
        wildcards.push("0".to_owned());
    }
    let mut stems: Vec<u16> = (1..=9).rev().collect();
    while let Some(stem) = stems.pop() {
        if begun_by(stem).all(inside) && stem < 26 {
            wildcards.push(format!("{stem}*"));
            continue;
        }
        if inside(stem) {
            wildcards.push(stem.to_string());
        }
        if stem < 26 {
            stems.extend((stem * 10..=stem * 10 + 9).rev().filter(|n| *n <= 255));
        }
    }
    wildcards
}

fn spellings_v6(block: &Ipv6Net) -> Option<Vec<Matcher>> {
    let (length, segments) = (usize::from(block.prefix_len()), block.network().segments());
    if length == 128 {
        return Some(vec![Matcher::exact(block.addr().to_string())]);
    }
    if length == 0 {
        return None;
    }
    let listed = (length - 1) / 16;
    let last = block.broadcast().segments()[listed];
    if usize::from(last - segments[listed]) >= SPELLINGS_MAX {
        return None;
    }
    if listed == 7 {
        let hosts = block.hosts().map(|address| Matcher::exact(address.to_string()));
        return Some(hosts.collect());
    }
    let mut found = Vec::new();
    for value in segments[listed]..=last {
        let fixed = [&segments[..listed], &[value]].concat();
        found.extend(v6_prefixes(&fixed)?);
    }
    (found.len() <= SPELLINGS_MAX).then_some(found)
}

/// How an IPv6 address begins whose first segments are these, in the usual short spelling
/// (RFC 5952) or with every segment written. `None` when `::` may stand for some of them and for
/// others after them, so that the beginning does not tell.
fn v6_prefixes(fixed: &[u16]) -> Option<Vec<Matcher>> {
    let zeros_at_end = fixed.iter().rev().take_while(|segment| **segment == 0).count();
    let before = &fixed[..fixed.len() - zeros_at_end];
    let two_zeros = before.windows(2).any(|pair| pair == [0, 0]);
    if before.first().is_none_or(|first| *first == 0) || two_zeros || zeros_at_end > 2 {
        return None;
    }
    let written = |segments: &[u16]| -> String {
        segments.iter().map(|segment| format!("{segment:x}:")).collect()
    };
    let mut prefixes = vec![Matcher::prefix(written(fixed))];
    if zeros_at_end > 0 {
        prefixes.push(Matcher::prefix(format!("{}:", written(before))));
    }
    Some(prefixes)
}

/// The block of one address, when a string is one.
pub fn single(text: &str) -> Option<IpNet> {
    text.parse::<IpAddr>().ok().map(IpNet::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn block(text: &str) -> IpNet {
        text.parse().expect("a block")
    }

    fn printed(text: &str) -> Option<Vec<String>> {
        let tests = spellings(&block(text))?;
        Some(tests.iter().map(|test| format!("{test:?}")).collect())
    }

    #[test]
    fn a_block_counts_from_the_address_as_written() {
        let block = block("10.0.0.7/24");
        assert!(!contains(&block, "10.0.0.6") && contains(&block, "10.0.0.7"));
        assert!(contains(&block, "10.0.0.255") && !contains(&block, "10.0.1.0"));
    }

    #[test]
    fn blocks_at_an_octet_are_spelled_by_one_prefix() {
        assert_eq!(spellings(&block("203.0.113.0/24")), Some(vec![Matcher::prefix("203.0.113.")]));
        assert_eq!(spellings(&block("10.0.0.0/8")), Some(vec![Matcher::prefix("10.")]));
        assert_eq!(spellings(&block("10.1.2.3/32")), Some(vec![Matcher::exact("10.1.2.3")]));
        assert_eq!(printed("10.16.0.0/12").map(|tests| tests.len()), Some(16));
    }

    #[test]
    fn blocks_whose_beginning_does_not_tell_have_no_spelling() {
        for text in ["0.0.0.0/0", "::/0", "::/16", "2600:0:0:1::/64", "2001:db8::/33", "2600::/64"]
        {
            assert_eq!(printed(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_left_of_a_block_and_the_part_are_the_whole() {
        let left = without(&block("10.0.0.0/30"), &block("10.0.0.1/32"));
        assert_eq!(left, [block("10.0.0.2/31"), block("10.0.0.0/32")]);
    }

    proptest! {
        #[test]
        fn the_spellings_of_a_block_are_passed_by_its_addresses_alone(
            bits: u32, length in 1_u8..=32, other: u32, near: bool,
        ) {
            let block = Ipv4Net::new_assert(Ipv4Addr::from(bits), length).trunc();
            let host = if length == 32 { 0 } else { other & (u32::MAX >> length) };
            let address =
                Ipv4Addr::from(if near { u32::from(block.network()) | host } else { other });
            let tests = spellings(&block.into()).expect("every length from 1 up has one");
            let passes = tests.iter().any(|test| test.accepts(&json!(address.to_string())));
            prop_assert_eq!(passes, block.contains(&address), "{} {}", block, address);
        }

        #[test]
        fn the_spellings_of_an_ipv6_block_are_passed_by_its_addresses_alone(
            start in prop::array::uniform8(prop_oneof![Just(0_u16), Just(1), 0x2000_u16..0x2003]),
            length in 10_u8..=128, other in prop::array::uniform8(prop_oneof![Just(0_u16), Just(1)]),
            near: bool,
        ) {
            let block = Ipv6Net::new_assert(Ipv6Addr::from(start), length).trunc();
            let other = u128::from(Ipv6Addr::from(other));
            let host = if length == 128 { 0 } else { other & (u128::MAX >> length) };
            let address = if near { u128::from(block.network()) | host } else { other };
            let address = Ipv6Addr::from(address);
            if let Some(tests) = spellings(&block.into()) {
                let passes = tests.iter().any(|test| test.accepts(&json!(address.to_string())));
                prop_assert_eq!(passes, block.contains(&address), "{} {}", block, address);
            }
        }

        #[test]
        fn every_octet_range_has_exact_wildcards(low: u8, high: u8, octet: u8) {
            prop_assume!(low <= high);
            let passes = decimal_wildcards(low, high)
                .iter()
                .any(|wildcard| TextKind::Wildcard.passes(wildcard, &octet.to_string()));
            prop_assert_eq!(passes, (low..=high).contains(&octet));
        }

        #[test]
        fn subtracting_a_block_keeps_every_other_address(
            bits: u32, length in 0_u8..=32, inner in 0_u8..=32, probe: u32,
        ) {
            let whole = Ipv4Net::new_assert(Ipv4Addr::from(bits), length).trunc();
            let part = Ipv4Net::new_assert(Ipv4Addr::from(bits), inner.max(length)).trunc();
            let left = without(&whole.into(), &part.into());
            let probe = Ipv4Addr::from(probe);
            let kept = left.iter().any(|block| block.contains(&IpAddr::from(probe)));
            prop_assert_eq!(kept, whole.contains(&probe) && !part.contains(&probe));
        }
    }

    #[test]
    fn families_never_meet() {
        assert!(apart(&block("::/0"), &block("0.0.0.0/0")));
        assert!(within(&block("10.0.0.0/9"), &block("0.0.0.0/0")));
    }
}
