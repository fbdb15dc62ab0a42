//! A store's URL as a config may hold it: a variable in place of the password.

use crate::config::file::escape;
use crate::store::connect::redact;

/// The URL with `${variable}` where its password was, and whether it had one.
///
/// Everything is taken from the redacted URL, so that no password gets through, however it was written.
pub fn with_variable(url: &str, variable: &str) -> (String, bool) {
    let shown = redact(url);
    if shown == url {
        return (escape(url), false);
    }
    let Some((scheme, rest)) = shown.split_once("://") else { return (escape(&shown), true) };
    let (scheme, rest) = (escape(scheme), escape(rest));
    let variable = format!("${{{variable}}}");
    let in_front_of_host = url.rsplit_once('@').is_some_and(|(before, _)| before.matches(':').count() > 1);
    if !in_front_of_host {
        let sign = if rest.contains('?') { '&' } else { '?' };
        return (format!("{scheme}://{rest}{sign}password={variable}"), true);
    }
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority_end].split_once('@') {
        Some((user, _)) => (format!("{scheme}://{user}:{variable}{}", &rest[user.len()..]), true),
        None => (format!("{scheme}://:{variable}@{rest}"), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_becomes_a_variable_and_the_rest_stays() {
        for (url, drafted) in [
            ("postgres://app:s3cret@db1:5432/shop?a=b", "postgres://app:${PW}@db1:5432/shop?a=b"),
            ("mysql://:s3cret@db1/shop", "mysql://:${PW}@db1/shop"),
            ("postgres://db1/shop?user=app&password=s3cret", "postgres://db1/shop?user=app&password=${PW}"),
            ("postgres://db1/shop?password=s3cret", "postgres://db1/shop?password=${PW}"),
            ("mysql://app:s3cret@[::1]:3306/shop", "mysql://app:${PW}@[::1]:3306/shop"),
        ] {
            assert_eq!(with_variable(url, "PW"), (drafted.to_owned(), true), "{url}");
        }
    }

    #[test]
    fn what_has_no_password_stays_as_it_is() {
        for url in ["a.db", "sqlite:///tmp/a.db", "postgres://app@db1/shop", "mysql://db1:3306/shop", "data/*.csv"] {
            assert_eq!(with_variable(url, "PW"), (url.to_owned(), false));
        }
        assert_eq!(with_variable("odd${name}.db", "PW"), ("odd$${name}.db".to_owned(), false));
    }

    #[test]
    fn a_password_with_odd_signs_does_not_get_through() {
        for password in ["s3cret", "s3@cret", "s3/cret", "s3?cret", "s3:cret", "s3#cret", "${s3cret"] {
            let (drafted, has_password) = with_variable(&format!("postgres://app:{password}@db1/shop"), "PW");
            assert!(has_password && !drafted.contains("cret") && !drafted.contains("s3"), "{drafted}");
            assert!(drafted.contains("${PW}@db1/shop"), "{drafted}");
        }
    }
}
