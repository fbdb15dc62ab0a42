//! SQL expressions of different engines, read far enough to tell that two say the same. Quotes, casts, blanks, the case
//! of words, needless parentheses and other names for the same function are how an engine writes; the rest is what it
//! says. Two expressions that are not the same here may still mean the same: whoever asks must not call that a fault.

/// Whether two expressions say the same.
pub(super) fn same_expression(one: &str, other: &str) -> bool {
    normal(one) == normal(other)
}

/// An expression as all engines would write it.
pub(super) fn normal(sql: &str) -> Vec<Token> {
    let tokens = without_casts(tokens(sql));
    let mut position = 0;
    let tree = group(&tokens, &mut position);
    flat(simplified(tree))
}

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or key word, folded as names are that meet each other.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// A number.
    Number(String),
    /// An operator or a bracket.
    Sign(String),
}

impl Token {
    fn is(&self, sign: &str) -> bool {
        matches!(self, Token::Sign(own) if own == sign)
    }

    fn is_word(&self, words: &[&str]) -> bool {
        matches!(self, Token::Word(own) if words.contains(&own.as_str()))
    }
}

fn tokens(sql: &str) -> Vec<Token> {
    let characters: Vec<char> = sql.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        match c {
            '\'' => {
                // N'…' and _utf8mb4'…' say in which characters the text is written.
                if tokens.last().is_some_and(|last| is_introducer(last, at, &characters)) {
                    tokens.pop();
                }
                let (text, end) = quoted(&characters, at, '\'');
                tokens.push(Token::Text(text));
                at = end;
            }
            '"' | '`' => {
                let (name, end) = quoted(&characters, at, c);
                tokens.push(Token::Word(super::folded(&name)));
                at = end;
            }
            c if c.is_ascii_digit() || (c == '.' && characters.get(at + 1).is_some_and(char::is_ascii_digit)) => {
                let end = run(&characters, at, |c| c.is_ascii_alphanumeric() || c == '.');
                tokens.push(Token::Number(characters[at..end].iter().collect()));
                at = end;
            }
            c if c.is_alphanumeric() || c == '_' => {
                let end = run(&characters, at, |c| c.is_alphanumeric() || c == '_' || c == '$');
                let word: String = characters[at..end].iter().collect();
                // The underscore of an introducer must not be folded away.
                tokens.push(Token::Word(if word.starts_with('_') {
                    word.to_lowercase()
                } else {
                    super::folded(&word)
                }));
                at = end;
            }
            c if c.is_whitespace() => at += 1,
            _ => {
                let two: String = characters[at..characters.len().min(at + 2)].iter().collect();
                let sign = match two.as_str() {
                    "::" | "<=" | ">=" | "||" | "&&" => two,
                    "<>" | "!=" => {
                        at += 2;
                        tokens.push(Token::Sign("<>".into()));
                        continue;
                    }
                    _ => c.to_string(),
                };
                at += sign.chars().count();
                tokens.push(Token::Sign(sign));
            }
        }
    }
    tokens
}

fn is_introducer(last: &Token, at: usize, characters: &[char]) -> bool {
    let touches = at > 0 && !characters[at - 1].is_whitespace();
    matches!(last, Token::Word(word) if touches && (word == "n" || word == "e" || word == "b" || word.starts_with('_')))
}

/// The text between quotes, and where it ends. Quotes are doubled within.
fn quoted(characters: &[char], start: usize, quote: char) -> (String, usize) {
    let mut text = String::new();
    let mut at = start + 1;
    while at < characters.len() {
        if characters[at] == quote {
            if characters.get(at + 1) != Some(&quote) {
                return (text, at + 1);
            }
            at += 1;
        }
        text.push(characters[at]);
        at += 1;
    }
    (text, at)
}

fn run(characters: &[char], start: usize, belongs: impl Fn(char) -> bool) -> usize {
    characters[start..].iter().position(|c| !belongs(*c)).map_or(characters.len(), |length| start + length)
}

/// PostgreSQL writes the type of every constant: `'x'::character varying`, `(0)::numeric(10,2)`.
fn without_casts(tokens: Vec<Token>) -> Vec<Token> {
    const OF_TYPES: &[&str] = &["varying", "precision", "without", "with", "time", "zone"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at].is("::") {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += 2;
        let next = |at: usize| tokens.get(at);
        while next(at).is_some_and(|token| token.is_word(OF_TYPES)) {
            at += 1;
        }
        if next(at).is_some_and(|token| token.is("(")) {
            at += tokens[at..].iter().position(|token| token.is(")")).map_or(0, |length| length + 1);
            while next(at).is_some_and(|token| token.is_word(OF_TYPES)) {
                at += 1;
            }
        }
        while next(at).is_some_and(|token| token.is("[")) && next(at + 1).is_some_and(|token| token.is("]")) {
            at += 2;
        }
    }
    kept
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Token),
    Group(Vec<Node>),
}

fn group(tokens: &[Token], at: &mut usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        if token.is("(") {
            nodes.push(Node::Group(group(tokens, at)));
        } else if token.is(")") {
            break;
        } else {
            nodes.push(Node::Leaf(token.clone()));
        }
    }
    nodes
}

/// Without parentheses that change nothing.
fn simplified(nodes: Vec<Node>) -> Vec<Node> {
    let nodes: Vec<Node> = nodes
        .into_iter()
        .map(|node| match node {
            Node::Group(inner) => Node::Group(simplified(inner)),
            leaf => leaf,
        })
        .collect();
    if let [Node::Group(inner)] = &nodes[..] {
        return inner.clone();
    }
    let joins = |node: Option<&Node>| node.is_none_or(|node| is_word(node, &["and", "or"]));
    let mut kept: Vec<Node> = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        match node {
            Node::Group(inner) => {
                let before = at.checked_sub(1).and_then(|before| nodes.get(before));
                let alone = joins(before) && joins(nodes.get(at + 1));
                let is_call = before.is_some_and(|node| {
                    matches!(node, Node::Leaf(Token::Word(_)))
                        && !is_word(node, &["and", "or", "not", "is", "then", "else", "when"])
                });
                let single = inner.len() == 1 && !is_call;
                if single || (alone && !inner.iter().any(|node| is_word(node, &["or"]))) {
                    kept.extend(inner.clone());
                } else {
                    kept.push(node.clone());
                }
            }
            leaf => kept.push(leaf.clone()),
        }
    }
    kept
}

fn is_word(node: &Node, words: &[&str]) -> bool {
    matches!(node, Node::Leaf(token) if token.is_word(words))
}

fn flat(nodes: Vec<Node>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut nodes = nodes.into_iter().peekable();
    while let Some(node) = nodes.next() {
        match node {
            Node::Group(inner) => {
                // PostgreSQL writes IN as = ANY (ARRAY[…]).
                let any = matches!(&tokens[..], [.., equals, any] if Token::is(equals, "=") && any.is_word(&["any"]));
                let array = inner.first().is_some_and(|node| is_word(node, &["array"]));
                let (open, close, inner) = if any && array {
                    tokens.truncate(tokens.len() - 2);
                    tokens.push(Token::Word("in".into()));
                    let brackets = |node: &Node| matches!(node, Node::Leaf(token) if token.is("[") || token.is("]"));
                    ("(", ")", inner.into_iter().skip(1).filter(|node| !brackets(node)).collect())
                } else {
                    ("(", ")", inner)
                };
                tokens.push(Token::Sign(open.into()));
                tokens.extend(flat(inner));
                tokens.push(Token::Sign(close.into()));
            }
            Node::Leaf(Token::Word(word)) => {
                let arguments = match nodes.peek() {
                    Some(Node::Group(inner)) => Some(flat(inner.clone())),
                    _ => None,
                };
                let (token, takes_arguments) = synonym(&word, arguments.as_deref());
                if takes_arguments {
                    nodes.next();
                }
                tokens.push(token);
            }
            Node::Leaf(token) => tokens.push(token),
        }
    }
    tokens
}

/// The one name of a function that has several; with whether its arguments are part of the name.
fn synonym(word: &str, arguments: Option<&[Token]>) -> (Token, bool) {
    let name = |name: &str, takes: bool| (Token::Word(name.to_owned()), takes);
    // The decimals of a second are the column's.
    let only_digits = |arguments: &[Token]| arguments.iter().all(|token| matches!(token, Token::Number(_)));
    let plain = arguments.is_none_or(only_digits);
    let called = arguments.is_some();
    let of_now = |arguments: &[Token]| matches!(arguments, [Token::Text(text)] if text == "now");
    match word {
        "currenttimestamp" | "localtimestamp" | "localtime" if plain => name("currenttimestamp", called),
        "now" | "transactiontimestamp" if called && plain => name("currenttimestamp", true),
        "datetime" if arguments.is_some_and(of_now) => name("currenttimestamp", true),
        "currentdate" | "curdate" if plain => name("currentdate", called),
        "date" if arguments.is_some_and(of_now) => name("currentdate", true),
        "currenttime" | "curtime" if plain => name("currenttime", called),
        "time" if arguments.is_some_and(of_now) => name("currenttime", true),
        "uuid" | "genrandomuuid" | "uuidgeneratev4" | "uuidv4" if arguments.is_some_and(<[Token]>::is_empty) => {
            name("uuid", true)
        }
        "true" => (Token::Number("1".into()), false),
        "false" => (Token::Number("0".into()), false),
        other => name(other, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_write_the_same_differently() {
        for (one, other) in [
            ("((amount > (0)::numeric))", "`amount` > 0"),
            ("((a > 0) AND (b <= 5))", "`a` > 0 and `b` <= 5"),
            (
                "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
                "`status` in ('a','b')",
            ),
            ("now()", "current_timestamp()"),
            ("CURRENT_TIMESTAMP", "current_timestamp(6)"),
            ("'x'::character varying", "'x'"),
            ("'x'", "_utf8mb4'x'"),
            ("(first_name)::text <> ''::text", "`FirstName` != ''"),
            ("gen_random_uuid()", "uuid()"),
            ("'2000-01-01 00:00:00'::timestamp(0) without time zone", "'2000-01-01 00:00:00'"),
            ("(a + b)", "`a` + `b`"),
        ] {
            assert!(same_expression(one, other), "{one} and {other}:\n{:?}\n{:?}", normal(one), normal(other));
        }
    }

    #[test]
    fn what_says_something_else_stays_apart() {
        for (one, other) in [
            ("(a + b) * c", "a + b * c"),
            ("a > 0", "a >= 0"),
            ("(a = 1 or b = 2) and c = 3", "a = 1 or b = 2 and c = 3"),
            ("'a'", "'A'"),
            ("'a b'", "'ab'"),
            ("not (a and b)", "not a and b"),
            ("f(a)", "f a"),
            ("now()", "now"),
        ] {
            assert!(!same_expression(one, other), "{one} and {other}: {:?}", normal(one));
        }
    }

    #[test]
    fn nothing_makes_it_stumble() {
        for sql in ["", "'", "((", "))", "a::", "a::(", "\"", "x = ANY (", "::text", "a::b[", "1.", "é'ü'", "_'x"] {
            normal(sql);
        }
    }
}
