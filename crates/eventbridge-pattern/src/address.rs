//! Address blocks: who is in one, and how the addresses in one are spelled.

use super::{Matcher, TextKind, TextTest};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// Most values that one block is spelled out into; more would not fit into a pattern anyway.
const SPELLINGS_MAX: usize = 128;

/// The hex digits of an address: 8 of an IPv4 address, 32 of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digits {
    /// As the highest bits.
    bits: u128,
    count: u32,
}

impl Digits {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self { bits: u128::from(u32::from(address)) << 96, count: 8 },
            IpAddr::V6(address) => Self { bits: address.into(), count: 32 },
        }
    }

    /// The digits that a number begins with. EventBridge looks at a number's text as at an address's digits, of
    /// which none is in lower case.
    fn of_number(text: &str) -> Self {
        let digits = text.bytes().map_while(|byte| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'A'..=b'F' => Some(byte - b'A' + 10),
            _ => None,
        });
        digits.take(32).fold(Self { bits: 0, count: 0 }, |so_far, digit| Self {
            bits: so_far.bits | u128::from(digit) << (124 - 4 * so_far.count),
            count: so_far.count + 1,
        })
    }

    /// The first of its digits, as a number.
    fn first(self, count: u32) -> u128 {
        self.bits.checked_shr(128 - 4 * count).unwrap_or(0)
    }
}

/// What a block, or an address in a list of values, takes.
///
/// This is how EventBridge decides it, in all versions of the library it runs on
/// (<https://github.com/aws/event-ruler>, `CIDR` and `Range`): the first and the last address are written as hex
/// digits, 8 or 32 of them, and so is the value. Digit by digit, the value is compared with both, and as soon as it
/// is strictly between them it is taken, whatever follows and however long it is. A value that is on one of them at
/// every digit is taken when all digits of the *block* are used up.
///
/// Families are no part of it. So `32.1.0.0/16` (`2001…`) takes `2001:db8::1`, `0.0.0.0/0` every IPv6 address, `::/0`
/// every IPv4 address but the first and the last, `2000::/3` takes 48.0.0.1, and `::/1` even the number 1, whose one
/// digit is between 0 and 7. A block begins at its first address, however it is written (since 1.2.2 of that library).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    first: Digits,
    last: Digits,
}

impl Span {
    pub(crate) fn of_block(block: &IpNet) -> Self {
        Self { first: Digits::of(block.network()), last: Digits::of(block.broadcast()) }
    }

    pub(crate) fn of_address(address: IpAddr) -> Self {
        Self { first: Digits::of(address), last: Digits::of(address) }
    }

    pub(crate) fn takes_text(self, text: &str) -> bool {
        parse(text).is_some_and(|address| self.takes(Digits::of(address)))
    }

    pub(crate) fn takes_number(self, text: &str) -> bool {
        self.takes(Digits::of_number(text))
    }

    fn takes(self, value: Digits) -> bool {
        let count = self.first.count.min(value.count);
        let (first, value, last) =
            (self.first.first(count), value.first(count), self.last.first(count));
        match count == self.first.count {
            true => first <= value && value <= last,
            false => first < value && value < last,
        }
    }

    /// Whether everything that `self` takes, `outer` takes too.
    pub(crate) fn within(self, outer: Self) -> bool {
        let count = self.first.count.min(outer.first.count);
        let at = |digits: Digits| digits.first(count);
        match self.first.count < outer.first.count {
            // A value may end before the outer one is used up: then it must be strictly between.
            true => at(outer.first) < at(self.first) && at(self.last) < at(outer.last),
            false => at(outer.first) <= at(self.first) && at(self.last) <= at(outer.last),
        }
    }

    /// Whether nothing is taken by both.
    pub(crate) fn apart(self, other: Self) -> bool {
        let end =
            |span: Self| span.last.bits | u128::MAX.checked_shr(4 * span.last.count).unwrap_or(0);
        end(self) < other.first.bits || end(other) < self.first.bits
    }
}

/// Whether a string is an address that the block takes, digit by digit.
pub fn contains(block: &IpNet, text: &str) -> bool {
    Span::of_block(block).takes_text(text)
}

/// The IPv4 addresses that a block takes, whichever family it is of, as numbers.
pub fn v4_range(block: &IpNet) -> Option<RangeInclusive<u32>> {
    let Span { first, last } = Span::of_block(block);
    let end = |digits: Digits| u32::try_from(digits.first(8)).ok();
    let (low, high) = (end(first)?, end(last)?);
    let range = match block {
        IpNet::V4(_) => low..=high,
        // An IPv4 address has fewer digits, and so must be strictly between.
        IpNet::V6(_) => low.checked_add(1)?..=high.checked_sub(1)?,
    };
    (!range.is_empty()).then_some(range)
}

/// The addresses of the other family that a block takes, for people; `None` when there are none.
pub fn other_family(block: &IpNet) -> Option<String> {
    match block {
        IpNet::V4(net) => {
            let bits = u128::from(u32::from(net.network())) << 96;
            let same = Ipv6Net::new(bits.into(), net.prefix_len()).ok()?;
            Some(format!("IPv6 addresses of {same}"))
        }
        IpNet::V6(_) => {
            let range = v4_range(block)?;
            let [first, last] = [range.start(), range.end()].map(|end| Ipv4Addr::from(*end));
            Some(format!("IPv4 addresses from {first} to {last}"))
        }
    }
}

/// The address that a string is, as EventBridge reads addresses: zeros before a number change nothing
/// (`010.0.0.1` is 10.0.0.1), `::ffff:a00:1` is 10.0.0.1, and what has both dots and colons is no address.
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    let only = |sign: u8, digit: fn(&u8) -> bool| {
        text.bytes().all(|byte| byte == sign || digit(&byte)) && text.as_bytes().contains(&sign)
    };
    if only(b'.', u8::is_ascii_digit) {
        return v4(text).map(IpAddr::V4);
    }
    if !only(b':', u8::is_ascii_hexdigit) {
        return None;
    }
    let address = match text.parse::<Ipv6Addr>() {
        Ok(address) => address,
        // It may have groups with more zeros before them than is usual.
        Err(_) => without_zeros(text).parse().ok()?,
    };
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

fn v4(text: &str) -> Option<Ipv4Addr> {
    // No longer one is read, whatever zeros it has.
    if text.len() > "255.255.255.255".len() {
        return None;
    }
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        *octet = parts.next()?.parse().ok()?;
    }
    parts.next().is_none().then_some(Ipv4Addr::from(octets))
}

fn without_zeros(text: &str) -> String {
    let group = |group: &str| match group.trim_start_matches('0') {
        "" if !group.is_empty() => "0".to_owned(),
        digits => digits.to_owned(),
    };
    text.split(':').map(group).collect::<Vec<_>>().join(":")
}

/// Reads a block: an address and how many bits of it are fixed. Bits beyond these may be set.
pub(crate) fn parse_block(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    IpNet::new(parse(address)?, length.parse().ok()?).ok()
}

/// The operator that takes this block: one address has none of its own and is written as a string.
pub(crate) fn matcher(block: IpNet) -> Matcher {
    match block.prefix_len() == block.max_prefix_len() {
        true => Matcher::exact(block.addr().to_string()),
        false => Matcher::Cidr(block),
    }
}

/// What is left of `whole` without `part`: the blocks beside it, from the largest down.
pub(crate) fn without(whole: &IpNet, part: &IpNet) -> Vec<IpNet> {
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
/// They exist because a block's complement has no operator: `anything-but` takes no `cidr`, and before version
/// 1.7.0 of the library that EventBridge runs on, an `anything-but` beside a `cidr` took every address.
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
pub(crate) fn single(text: &str) -> Option<IpNet> {
    parse(text).map(IpNet::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn block(text: &str) -> IpNet {
        text.parse().expect("a block")
    }

    fn printed(text: &str) -> Option<Vec<String>> {
        let tests = spellings(&block(text))?;
        Some(tests.iter().map(|test| format!("{test:?}")).collect())
    }

    #[test]
    fn a_block_begins_at_its_first_address() {
        let block = block("10.0.0.7/24");
        assert!(contains(&block, "10.0.0.6") && contains(&block, "10.0.0.7"));
        assert!(contains(&block, "10.0.0.255") && !contains(&block, "10.0.1.0"));
    }

    #[test]
    fn addresses_are_read_as_eventbridge_reads_them() {
        for (text, address) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("010.0.0.01", Some("10.0.0.1")),
            ("000000010.0.0.1", Some("10.0.0.1")),
            ("0000000010.0.0.1", None),
            ("10.0.0.256", None),
            ("10.0.1", None),
            ("10.0.0.1.", None),
            ("10.0.0.1.2", None),
            ("", None),
            ("::", Some("::")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("002001:db8::00001", Some("2001:db8::1")),
            ("::ffff:a00:1", Some("10.0.0.1")),
            ("::ffff:10.0.0.1", None),
            ("::10.0.0.1", None),
            ("fe80::1%eth0", None),
            ("08:23", None),
            ("1:2", None),
            (":1", None),
            ("::1::", None),
            ("12345::", None),
            ("dead", None),
        ] {
            assert_eq!(parse(text).map(|found| found.to_string()).as_deref(), address, "{text}");
        }
    }

    #[test]
    fn families_are_no_part_of_it() {
        for (text, value, taken) in [
            ("32.1.0.0/16", "2001:db8::1", true),
            ("32.1.0.0/16", "2002:db8::1", false),
            ("0.0.0.0/0", "::1", true),
            ("::/0", "10.0.0.1", true),
            ("::/0", "0.0.0.0", false),
            ("::/0", "255.255.255.255", false),
            ("2000::/3", "48.0.0.1", true),
            ("2000::/3", "32.0.0.0", false),
            ("2000::/3", "32.0.0.1", true),
            ("2001:db8::/32", "32.1.13.184", false),
            ("2001:db8::/33", "32.1.13.184", false),
        ] {
            assert_eq!(contains(&block(text), value), taken, "{text} {value}");
        }
        let one = Span::of_address("32.1.13.184".parse().expect("an address"));
        assert!(one.takes_text("2001:db8::1") && !one.takes_text("2001:db9::1"));
    }

    #[test]
    fn the_ipv4_addresses_of_a_block_are_those_that_it_takes() {
        for text in ["10.0.0.0/8", "::/0", "2000::/3", "2001:db8::/32", "2001:d00::/24", "::/31"] {
            let block = block(text);
            let range = v4_range(&block);
            let ends = range.iter().flat_map(|range| [*range.start(), *range.end()]);
            let beside = ends.flat_map(|end| [end, end.wrapping_sub(1), end.wrapping_add(1)]);
            for number in beside.chain([0, u32::MAX, 0x2001_0db8]) {
                let expected = range.as_ref().is_some_and(|range| range.contains(&number));
                let address = Ipv4Addr::from(number).to_string();
                assert_eq!(contains(&block, &address), expected, "{text} {address}");
            }
        }
    }

    #[test]
    fn a_number_is_taken_by_its_digits() {
        for (text, number, taken) in [
            ("::/1", "1", true),
            ("::/1", "7", false),
            ("::/1", "0", false),
            ("::/1", "-1", false),
            ("::/1", "1.5", true),
            ("0.0.0.0/0", "5", true),
            ("16.0.0.0/4", "1", false),
            ("16.0.0.0/4", "15", true),
            ("16.0.0.0/5", "1A", false),
            ("16.0.0.0/4", "1E5", true),
            ("16.0.0.0/4", "1e5", false),
            ("10.0.0.0/8", "10", false),
        ] {
            assert_eq!(Span::of_block(&block(text)).takes_number(number), taken, "{text} {number}");
        }
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

    proptest! {
        #[test]
        fn spans_that_are_within_or_apart_are_shown_so_by_every_value(
            (a, b) in (span(), span()),
            values in prop::collection::vec((any::<u128>(), 0..4_u8, 0..=32_u32), 40),
        ) {
            for (bits, near, count) in values {
                // Values beside the ends tell most.
                let bits = match near {
                    0 => bits,
                    1 => a.first.bits.wrapping_add(bits & 1).wrapping_sub(bits >> 1 & 1),
                    2 => a.last.bits.wrapping_add(bits & 1),
                    _ => b.first.bits.wrapping_add(bits << 96),
                };
                let mask = u128::MAX.checked_shl(128 - 4 * count).unwrap_or(0);
                let value = Digits { bits: bits & mask, count };
                prop_assert!(!a.within(b) || !a.takes(value) || b.takes(value), "{a:?} {b:?} {value:?}");
                prop_assert!(!(a.apart(b) && a.takes(value) && b.takes(value)), "{a:?} {b:?} {value:?}");
            }
            prop_assert!(a.within(a) && a.apart(b) == b.apart(a));
        }
    }

    fn span() -> impl Strategy<Value = Span> {
        let v4 = (prop_oneof![any::<u32>(), 0x2001_0000..0x2001_1000_u32], 0..=32_u8)
            .prop_map(|(bits, length)| IpNet::from(Ipv4Net::new_assert(bits.into(), length)));
        let high = prop_oneof![any::<u16>(), Just(0x2001_u16)];
        let v6 = (high, any::<u16>(), 0..=128_u8).prop_map(|(high, low, length)| {
            let bits = u128::from(high) << 112 | u128::from(low) << 96 | u128::from(low);
            IpNet::from(Ipv6Net::new_assert(bits.into(), length))
        });
        prop_oneof![v4, v6].prop_map(|block| Span::of_block(&block))
    }
}
