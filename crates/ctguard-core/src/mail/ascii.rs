//! The letters of a subject: SNS takes ASCII only.

/// Letters and signs that have a usual spelling in ASCII.
const SPELLINGS: [(&str, &str); 44] = [
    ("ÀÁÂÃÅĀĂĄ", "A"),
    ("àáâãåāăą", "a"),
    ("Ä", "Ae"),
    ("ä", "ae"),
    ("Æ", "AE"),
    ("æ", "ae"),
    ("ÇĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("ĎĐÐ", "D"),
    ("ďđð", "d"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("èéêëēĕėęě", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ÌÍÎÏĪĬĮİ", "I"),
    ("ìíîïīĭįı", "i"),
    ("ŁĹĻĽ", "L"),
    ("łĺļľ", "l"),
    ("ÑŃŅŇ", "N"),
    ("ñńņň", "n"),
    ("ÒÓÔÕØŌŎŐ", "O"),
    ("òóôõøōŏő", "o"),
    ("Ö", "Oe"),
    ("ö", "oe"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠȘ", "S"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ŢŤȚ", "T"),
    ("ţťț", "t"),
    ("ÙÚÛŨŪŬŮŰŲ", "U"),
    ("ùúûũūŭůűų", "u"),
    ("Ü", "Ue"),
    ("ü", "ue"),
    ("ÝŸ", "Y"),
    ("ýÿ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
    ("‘’‚‹›´", "'"),
    ("“”„«»", "\""),
    ("‐‑‒–—−", "-"),
];

/// A text in printable ASCII: letters with marks in their usual spelling, and one question mark for
/// each run of what has none.
pub(super) fn ascii(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut unknown = false;
    for character in text.chars() {
        let spelling = SPELLINGS.iter().find(|(letters, _)| letters.contains(character));
        match (character, spelling) {
            (' '..='~', _) => line.push(character),
            (_, Some((_, spelling))) => line.push_str(spelling),
            ('…', None) => line.push_str("..."),
            _ if unknown => continue,
            _ => line.push('?'),
        }
        unknown = !matches!(character, ' '..='~' | '…') && spelling.is_none();
    }
    line
}
