//! The language of conditions: `selection and not 1 of filter_*`.
//!
//! Source: <https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html>

/// A condition as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// One part of the detection.
    Named(String),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    /// Some or all of the parts whose names are so; `None` is `them`.
    Of {
        all: bool,
        pattern: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Open,
    Close,
}

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// Reads a condition.
///
/// # Errors
/// With the reason, when it is none, or one that looks at several events.
pub(super) fn read(text: &str) -> Result<Expression, String> {
    if text.contains('|') {
        return Err(format!(
            "it counts or compares events over time (`{}`), and a rule of EventBridge sees one event",
            text.trim()
        ));
    }
    let mut reader = Reader { tokens: tokens(text), at: 0, text };
    let expression = reader.either(0)?;
    match reader.tokens.get(reader.at) {
        None => Ok(expression),
        Some(_) => Err(reader.wrong()),
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let token = |word: &str| match word {
        "(" => Token::Open,
        ")" => Token::Close,
        word => Token::Word(word.to_owned()),
    };
    spaced.split_whitespace().map(token).collect()
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    text: &'a str,
}

impl Reader<'_> {
    fn wrong(&self) -> String {
        format!("its condition cannot be read: `{}`", self.text.trim())
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        matches!(self.tokens.get(at), Some(Token::Word(own)) if own.eq_ignore_ascii_case(word))
    }

    fn takes(&mut self, word: &str) -> bool {
        let here = self.is_word(self.at, word);
        self.at += usize::from(here);
        here
    }

    fn either(&mut self, depth: usize) -> Result<Expression, String> {
        let mut all = vec![self.together(depth)?];
        while self.takes("or") {
            all.push(self.together(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::Or(all) })
    }

    fn together(&mut self, depth: usize) -> Result<Expression, String> {
        let mut all = vec![self.one(depth)?];
        while self.takes("and") {
            all.push(self.one(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::And(all) })
    }

    fn one(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err("its condition is nested too deep".to_owned());
        }
        if self.takes("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.tokens.get(self.at).cloned() {
            Some(Token::Open) => {
                self.at += 1;
                let inner = self.either(depth + 1)?;
                match self.tokens.get(self.at) {
                    Some(Token::Close) => self.at += 1,
                    _ => return Err(self.wrong()),
                }
                Ok(inner)
            }
            Some(Token::Word(word)) if self.is_word(self.at + 1, "of") => {
                self.at += 2;
                self.of(&word)
            }
            Some(Token::Word(word)) if !is_kept(&word) => {
                self.at += 1;
                Ok(Expression::Named(word))
            }
            _ => Err(self.wrong()),
        }
    }

    fn of(&mut self, how_many: &str) -> Result<Expression, String> {
        let all = match how_many.to_ascii_lowercase().as_str() {
            "1" | "any" => false,
            "all" => true,
            other => {
                return Err(format!("`{other} of` is not a condition: there is `1` and `all`"));
            }
        };
        let Some(Token::Word(pattern)) = self.tokens.get(self.at).cloned() else {
            return Err(self.wrong());
        };
        self.at += 1;
        let pattern = (!pattern.eq_ignore_ascii_case("them")).then_some(pattern);
        Ok(Expression::Of { all, pattern })
    }
}

fn is_kept(word: &str) -> bool {
    ["and", "or", "not", "of", "near"].iter().any(|kept| word.eq_ignore_ascii_case(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Expression {
        Expression::Named(name.to_owned())
    }

    #[test]
    fn not_binds_closer_than_and_and_and_closer_than_or() {
        let read = read("a or b and not c").unwrap();
        let not = Expression::Not(Box::new(named("c")));
        let and = Expression::And(vec![named("b"), not]);
        assert_eq!(read, Expression::Or(vec![named("a"), and]));
    }

    #[test]
    fn parts_are_chosen_by_their_names() {
        let read = read("(1 of sel_*) and not all of them").unwrap();
        let some = Expression::Of { all: false, pattern: Some("sel_*".to_owned()) };
        let all = Expression::Of { all: true, pattern: None };
        assert_eq!(read, Expression::And(vec![some, Expression::Not(Box::new(all))]));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in ["", "a and", "(a", "a b", "2 of a*", "not", "a | count() > 5", "a near b"] {
            assert!(super::read(text).is_err(), "{text}");
        }
    }
}
