//! Reads an expression.

use super::{JsonataError, error};
use regex::Regex;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(in crate::mail) enum Expr {
    Text(String),
    Number(f64),
    Word(Option<bool>),
    Regex(Regex),
    Variable(String),
    Field(Box<Self>, String),
    Call(String, Vec<Self>),
    Function(Vec<String>, Arc<Self>),
    Block(Vec<Self>),
    Bind(String, Box<Self>),
    If(Box<Self>, Box<Self>, Option<Box<Self>>),
    Binary(&'static str, Box<Self>, Box<Self>),
    Object(Vec<(String, Self)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Number(f64),
    Regex(String),
    Variable(String),
    Name(String),
    Sign(&'static str),
}

/// Signs, the longer ones first.
const SIGNS: [&str; 24] = [
    ":=", "!=", "<=", ">=", "(", ")", "{", "}", "[", "]", ",", ";", ":", "?", ".", "&", "+", "-",
    "*", "=", "<", ">", "/", "%",
];

/// Operators between two values and how tightly they bind.
///
/// Source: <https://docs.jsonata.org/2.0.0/other-operators> and the reference implementation.
const OPERATORS: [(&str, u8); 12] = [
    ("or", 25),
    ("and", 30),
    ("=", 40),
    ("!=", 40),
    ("<", 40),
    (">", 40),
    ("<=", 40),
    (">=", 40),
    ("&", 50),
    ("+", 50),
    ("-", 50),
    ("*", 60),
];

const BIND: u8 = 10;
const CONDITION: u8 = 20;

/// Nesting beyond which an expression is refused.
const DEPTH_MAX: usize = 200;

/// Reads an expression.
///
/// # Errors
/// When it is no JSONata, or has what this part of the language has not.
pub(in crate::mail) fn parse(source: &str) -> Result<Expr, JsonataError> {
    let mut parser = Parser { tokens: tokens(source)?, next: 0, depth: 0 };
    let expr = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => error(format!("{token:?} stands after the expression")),
    }
}

fn tokens(source: &str) -> Result<Vec<Token>, JsonataError> {
    let mut found = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' => quoted(rest)?,
            '/' if before_a_value(found.last()) => pattern(rest)?,
            '0'..='9' => {
                let end =
                    rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                let number = rest[..end].parse().map_err(|_| JsonataError("no number".into()))?;
                (Token::Number(number), &rest[end..])
            }
            '$' => {
                let name = word(&rest[1..]);
                (Token::Variable(name.to_owned()), &rest[1 + name.len()..])
            }
            first if first.is_ascii_alphabetic() => {
                let name = word(rest);
                (Token::Name(name.to_owned()), &rest[name.len()..])
            }
            _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
                Some(sign) => (Token::Sign(sign), &rest[sign.len()..]),
                None => return error(format!("`{first}` is not known")),
            },
        };
        found.push(token);
        rest = after.trim_start();
    }
    Ok(found)
}

/// The letters, digits and underscores at the start.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// Whether what comes next begins a value, so that a slash begins a regular expression.
fn before_a_value(last: Option<&Token>) -> bool {
    match last {
        Some(Token::Sign(sign)) => !matches!(*sign, ")" | "}" | "]"),
        Some(Token::Name(name)) => matches!(name.as_str(), "and" | "or"),
        Some(_) => false,
        None => true,
    }
}

/// A text in quotes, written as in JSON.
fn quoted(source: &str) -> Result<(Token, &str), JsonataError> {
    let end = end_of(source, '"', |_| false)?;
    let text = serde_json::from_str(&source[..=end])
        .map_err(|problem| JsonataError(format!("a text is not as in JSON: {problem}")))?;
    Ok((Token::Text(text), &source[end + 1..]))
}

/// A regular expression between slashes, without flags.
fn pattern(source: &str) -> Result<(Token, &str), JsonataError> {
    let end = end_of(source, '/', |next| next.is_ascii_alphabetic())?;
    Ok((Token::Regex(source[1..end].to_owned()), &source[end + 1..]))
}

/// Where the sign that begins a text ends it, unless something that is not read follows.
fn end_of(
    source: &str,
    sign: char,
    not_read: impl Fn(char) -> bool,
) -> Result<usize, JsonataError> {
    let mut escaped = false;
    for (at, character) in source.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == sign {
            return match source[at + 1..].chars().next().is_some_and(not_read) {
                true => error("flags of regular expressions are not read"),
                false => Ok(at),
            };
        }
    }
    error(format!("a {sign} is not closed"))
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    /// Takes a sign if it is next.
    fn took(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &str) -> Result<(), JsonataError> {
        match self.took(sign) {
            true => Ok(()),
            false => error(format!("`{sign}` is missing before {:?}", self.peek())),
        }
    }

    /// An expression whose operators bind more tightly than `floor`.
    fn expression(&mut self, floor: u8) -> Result<Expr, JsonataError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return error("the expression is nested too deeply");
        }
        let mut left = self.value()?;
        loop {
            if let Some((operator, binds)) = self.operator().filter(|(_, binds)| *binds > floor) {
                self.next += 1;
                let right = self.expression(binds)?;
                left = Expr::Binary(operator, Box::new(left), Box::new(right));
            } else if floor < CONDITION && self.took("?") {
                left = self.condition(left)?;
            } else if floor < BIND && self.took(":=") {
                let Expr::Variable(name) = left else { return error("`:=` takes a variable") };
                left = Expr::Bind(name, Box::new(self.expression(BIND - 1)?));
            } else {
                self.depth -= 1;
                return Ok(left);
            }
        }
    }

    fn operator(&self) -> Option<(&'static str, u8)> {
        let written = match self.peek()? {
            Token::Sign(sign) => *sign,
            Token::Name(name) => name.as_str(),
            _ => return None,
        };
        OPERATORS.into_iter().find(|(operator, _)| *operator == written)
    }

    fn condition(&mut self, condition: Expr) -> Result<Expr, JsonataError> {
        let then = self.expression(0)?;
        let otherwise = match self.took(":") {
            true => Some(Box::new(self.expression(0)?)),
            false => None,
        };
        Ok(Expr::If(Box::new(condition), Box::new(then), otherwise))
    }

    /// A value with the fields and calls behind it.
    fn value(&mut self) -> Result<Expr, JsonataError> {
        let mut value = match self.take() {
            Some(Token::Text(text)) => Expr::Text(text),
            Some(Token::Number(number)) => Expr::Number(number),
            Some(Token::Regex(pattern)) => match Regex::new(&pattern) {
                Ok(regex) => Expr::Regex(regex),
                Err(problem) => return error(problem.to_string()),
            },
            Some(Token::Variable(name)) if self.is("(") => Expr::Call(name, self.arguments()?),
            Some(Token::Variable(name)) => Expr::Variable(name),
            Some(Token::Name(name)) => match name.as_str() {
                "function" => self.function()?,
                "true" => Expr::Word(Some(true)),
                "false" => Expr::Word(Some(false)),
                "null" => Expr::Word(None),
                _ => return error(format!("`{name}` is read from a variable only")),
            },
            Some(Token::Sign("(")) => self.block()?,
            Some(Token::Sign("{")) => self.object()?,
            other => return error(format!("{other:?} begins no value")),
        };
        while self.took(".") {
            match self.take() {
                Some(Token::Name(name)) => value = Expr::Field(Box::new(value), name),
                other => return error(format!("{other:?} is no name of a field")),
            }
        }
        match self.is("[") || self.is("(") || self.is("{") {
            true => error(format!("{:?} after a value is not read", self.peek())),
            false => Ok(value),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, JsonataError> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.took(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.expression(0)?);
        }
        Ok(arguments)
    }

    fn function(&mut self) -> Result<Expr, JsonataError> {
        let mut parameters = Vec::new();
        for argument in self.arguments()? {
            let Expr::Variable(name) = argument else { return error("a parameter is a variable") };
            parameters.push(name);
        }
        self.expect("{")?;
        let body = self.expression(0)?;
        self.expect("}")?;
        Ok(Expr::Function(parameters, Arc::new(body)))
    }

    fn block(&mut self) -> Result<Expr, JsonataError> {
        let mut steps = Vec::new();
        while !self.took(")") {
            if !steps.is_empty() {
                self.expect(";")?;
                if self.took(")") {
                    break;
                }
            }
            steps.push(self.expression(0)?);
        }
        Ok(Expr::Block(steps))
    }

    fn object(&mut self) -> Result<Expr, JsonataError> {
        let mut fields = Vec::new();
        while !self.took("}") {
            if !fields.is_empty() {
                self.expect(",")?;
            }
            let Some(Token::Text(name)) = self.take() else {
                return error("the name of a field is a text");
            };
            self.expect(":")?;
            fields.push((name, self.expression(0)?));
        }
        Ok(Expr::Object(fields))
    }
}
