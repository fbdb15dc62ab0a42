//! Takes the password out of whatever the user gave as a store, also where it is no URL: what is shown never leaks.

/// Parameters and words of connection strings whose values are secret.
const SECRETS: [&str; 6] = ["passw", "passphrase", "pass=", "pwd=", "secret", "token"];

/// The same URL without its password; a path stays as it is.
///
/// A URL with an `@` behind its host cannot be told from one with an unescaped `@`, `/` or `?` in its password: all that
/// stands before the last `@` is then shown as `***`.
pub fn redact(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (shown, tail) = user_of(rest);
            format!("{scheme}://{shown}{}", without_secret_parameters(tail))
        }
        None => redact_words(url),
    }
}

/// The password of a URL as it is written there, so that no other text repeats it.
pub(super) fn passwords(url: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(parsed) = url::Url::parse(url) {
        found.extend(parsed.password().map(String::from));
        found.extend(parsed.query_pairs().filter(|(k, _)| is_secret(&format!("{k}="))).map(|(_, v)| v.into_owned()));
    }
    if let Some((_, rest)) = url.split_once("://")
        && let Some((before, _)) = rest.rsplit_once('@')
        && let Some((_, password)) = before.split_once(':')
    {
        found.push(password.to_string());
    }
    let decoded: Vec<String> = found.iter().map(|p| percent_decoded(p)).collect();
    found.extend(decoded);
    found.retain(|p| !p.is_empty());
    found
}

/// What to show before the host, and everything from the host on.
fn user_of(rest: &str) -> (String, &str) {
    let Some(last_at) = rest.rfind('@') else { return (String::new(), rest) };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let tail = &rest[last_at + 1..];
    if last_at > authority_end {
        return ("***@".into(), tail);
    }
    let user = rest[..last_at].split(':').next().unwrap_or_default();
    if user.is_empty() { (String::new(), tail) } else { (format!("{user}@"), tail) }
}

fn without_secret_parameters(tail: &str) -> String {
    let Some((head, query)) = tail.split_once('?') else { return tail.to_string() };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_secret(pair)).collect();
    if kept.is_empty() { head.to_string() } else { format!("{head}?{}", kept.join("&")) }
}

fn is_secret(text: &str) -> bool {
    let text = percent_decoded(text).to_lowercase();
    SECRETS.iter().any(|secret| text.contains(secret))
}

/// Text that is no URL: `password=…` words of a connection string, and `user:password@host` without its scheme.
fn redact_words(text: &str) -> String {
    if text.contains('=') && is_secret(text) {
        let shown: Vec<&str> = text.split_whitespace().take_while(|word| !is_secret(word)).collect();
        // A password may hold blanks and quotes: nothing behind it is shown.
        return if shown.is_empty() { "***".into() } else { format!("{} ***", shown.join(" ")) };
    }
    let segments = text.split('/').map(|segment| match (segment.find(':'), segment.rfind('@')) {
        (Some(colon), Some(at)) if colon < at => format!("{}{}", &segment[..colon], &segment[at..]),
        _ => segment.to_string(),
    });
    segments.collect::<Vec<_>>().join("/")
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| after.get(..2).and_then(|pair| hex::decode(pair).ok())).flatten();
        match escaped {
            Some(decoded) => {
                bytes.extend(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_goes_and_the_rest_stays() {
        assert_eq!(redact("postgres://app:hunter2@db1:5432/shop"), "postgres://app@db1:5432/shop");
        assert_eq!(redact("mysql://app@db1/shop?ssl-mode=REQUIRED"), "mysql://app@db1/shop?ssl-mode=REQUIRED");
        assert_eq!(redact("mysql://db1/shop"), "mysql://db1/shop");
        assert_eq!(redact("postgres://:hunter2@db1/shop"), "postgres://db1/shop");
    }

    #[test]
    fn a_password_among_the_parameters_goes_too() {
        let url = "postgres://db1/shop?user=app&password=hunter2&sslmode=require";
        assert_eq!(redact(url), "postgres://db1/shop?user=app&sslmode=require");
        assert_eq!(redact("postgres://db1/shop?PassWord=hunter2"), "postgres://db1/shop");
        assert_eq!(redact("postgres://db1/shop?p%61ssword=hunter2"), "postgres://db1/shop");
        assert_eq!(redact("postgres://db1/shop?a=1;password=hunter2"), "postgres://db1/shop");
    }

    #[test]
    fn a_password_with_unescaped_signs_does_not_leak() {
        let passwords = ["hunter2", "hun@ter2", "hun/ter2", "hun#ter2", "1#ter2", "hun?ter2", "h@/un:ter2", "hun ter2"];
        for password in passwords {
            let shown = redact(&format!("mysql://app:{password}@db1/shop"));
            assert!(!shown.contains("ter2") && !shown.contains("hun"), "{shown}");
            assert!(shown.ends_with("@db1/shop"), "{shown}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_parsed_does_not_leak() {
        assert_eq!(redact("mysql://app:hunter2@db1:notaport/shop"), "mysql://app@db1:notaport/shop");
        assert_eq!(redact("my sql://app:hunter2@[::1/shop"), "my sql://app@[::1/shop");
    }

    #[test]
    fn a_connection_string_does_not_leak() {
        assert_eq!(redact("host=db1 password='hun ter2' user=app"), "host=db1 ***");
        assert_eq!(redact("app:hunter2@db1/shop"), "app@db1/shop");
        assert_eq!(redact("mysql:/app:hunter2@db1/shop"), "mysql:/app@db1/shop");
    }

    #[test]
    fn a_path_is_left_alone() {
        for path in ["data/orders.csv", "/tmp/x@y/a=b/*.parquet", "C:\\data\\x.db", "a b.csv", "sqlite:///tmp/x.db"] {
            assert_eq!(redact(path), path);
        }
    }

    #[test]
    fn every_spelling_of_the_password_is_known() {
        let found = passwords("mysql://app:hun%40ter2@db1/shop?password=second");
        assert!(found.contains(&"hun%40ter2".into()) && found.contains(&"hun@ter2".into()));
        assert!(found.contains(&"second".into()));
    }
}
