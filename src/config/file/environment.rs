//! `${NAME}` in a config value becomes the environment variable's value; `$${` stands for a plain `${`.

use std::ffi::OsString;

use crate::error::{Error, Result};

/// Answers what an environment variable holds; a function, so that tests need not change the process.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The process's own environment.
pub fn process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// `text` with every `${NAME}` replaced. The errors name the variable, never the text around it.
pub fn expand(text: &str, environment: Environment<'_>) -> Result<String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        if let Some(after) = rest.strip_prefix("$${") {
            expanded.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let (name, after) = after.split_once('}').ok_or_else(unclosed)?;
            expanded.push_str(&variable(name, environment)?);
            rest = after;
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// `text` such that [`expand`] gives it back unchanged.
pub fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

fn variable(name: &str, environment: Environment<'_>) -> Result<String> {
    let mut letters = name.chars();
    let starts_well = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Error::usage("\"${…}\" holds no name of an environment variable")
            .hint("write ${NAME} with letters, digits and underscores; for a plain \"${\" write \"$${\""));
    }
    let value = environment(name).ok_or_else(|| {
        Error::usage(format!("the environment variable {name} is not set"))
            .hint(format!("set it before the run, for example: export {name}=…"))
    })?;
    value.into_string().map_err(|_| Error::usage(format!("the environment variable {name} is not valid UTF-8")))
}

fn unclosed() -> Error {
    Error::usage("\"${\" is never closed by \"}\"").hint("write ${NAME}; for a plain \"${\" write \"$${\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<OsString> {
        match name {
            "PGPASSWORD" => Some("s3cret".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        }
    }

    fn expanded(text: &str) -> String {
        expand(text, &environment).unwrap()
    }

    #[test]
    fn variables_are_replaced_wherever_they_stand() {
        assert_eq!(expanded("postgres://app:${PGPASSWORD}@db1/shop"), "postgres://app:s3cret@db1/shop");
        assert_eq!(expanded("${PGPASSWORD}${EMPTY}${PGPASSWORD}"), "s3crets3cret");
        assert_eq!(expanded("plain $5 and $"), "plain $5 and $");
    }

    #[test]
    fn a_doubled_dollar_keeps_the_braces() {
        assert_eq!(expanded("a$${PGPASSWORD}b"), "a${PGPASSWORD}b");
    }

    #[test]
    fn escaped_text_comes_back_unchanged() {
        for text in ["", "${", "$${", "$$${x}", "a${b}c", "$", "$$", "${PGPASSWORD}"] {
            assert_eq!(expanded(&escape(text)), text, "{text}");
        }
    }

    #[test]
    fn an_unset_variable_is_an_error_that_names_it() {
        let error = expand("x:${NOT_THERE}@secret-part", &environment).unwrap_err();
        assert!(error.to_string().contains("NOT_THERE"), "{error}");
        assert!(!error.to_string().contains("secret-part"), "{error}");
    }

    #[test]
    fn broken_braces_are_errors_that_do_not_repeat_the_text() {
        for text in ["secret${NAME", "${secret word}", "${}", "${1secret}"] {
            let error = expand(text, &environment).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
