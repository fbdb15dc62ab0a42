//! The commented config that `tieout init` prints: what would be compared with what, ready for `tieout run`.

mod examples;
mod pair;
mod url;

use self::pair::{one_sided, pair};
use super::StorePlan;
use super::file::escape;
use crate::model::{Pair, Side, StoreIdentity, TableOutcome};

/// Writes the config. `run` accepts it unchanged; it holds no password, also where the URLs do.
pub fn draft(stores: &Pair<StorePlan>, identities: &Pair<StoreIdentity>, outcomes: &[TableOutcome]) -> String {
    let mut lines = vec![
        format!(
            "# Drafted by tieout {} from both schemas. Read it through, then: tieout run FILE",
            env!("CARGO_PKG_VERSION")
        ),
        "# ${NAME} in a string is read from the environment. Relative paths start at the current directory.".into(),
        "#".into(),
        "# out = \"reports\"               # where the run directories go".into(),
        "# workers = 2                   # parallel readers of each store".into(),
        "# memory = \"512MiB\"             # the most the diff may take before it spills to disk".into(),
        "# time_zone = \"Europe/Berlin\"   # the zone of times without a zone; also under [source] or [target]".into(),
    ];
    for side in Side::BOTH {
        lines.extend(store(side, stores.get(side), identities.get(side)));
    }
    lines.push(String::new());
    let sided = outcomes.iter().filter_map(one_sided).collect::<Vec<_>>();
    let pairs = outcomes.iter().filter_map(pair).collect::<Vec<_>>();
    lines.extend(match pairs.len() {
        0 => comments(&["No tables meet. Without [[tables]], run compares every table of both sides."]),
        _ => comments(&[
            "The table pairs. A run with this file compares these and no others; without any [[tables]] it",
            "compares every table that exists on both sides, and reports those on one side only.",
        ]),
    });
    for block in pairs {
        lines.push(String::new());
        lines.extend(block);
    }
    if !sided.is_empty() {
        lines.push(String::new());
        lines.extend(comments(&[
            "Tables on one side only. They are no part of a run with this file unless they are uncommented; then the",
            "verdict is differ until they exist on both sides.",
        ]));
        lines.extend(sided.into_iter().flatten());
    }
    lines.extend(examples::EXAMPLES.trim_end().lines().map(str::to_owned));
    lines.push(String::new());
    lines.join("\n")
}

fn store(side: Side, plan: &StorePlan, identity: &StoreIdentity) -> Vec<String> {
    let variable = format!("{}_PASSWORD", side.name().to_uppercase());
    let (url, has_password) = url::with_variable(&plan.url, &variable);
    let mut lines = vec![String::new(), format!("[{side}] # {}", identity.kind.name())];
    if has_password {
        lines.extend(comments(&[&format!(
            "The password goes into the environment: export {variable}=…, percent-encoded where it holds @ : / ? # or %."
        )]));
    }
    lines.push(format!("url = {}", string(&url)));
    if let Some(zone) = plan.time_zone {
        lines.push(format!("time_zone = {}", string(zone.name())));
    }
    lines
}

/// A TOML string whose `${…}` are meant.
fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A TOML string that `run` reads as exactly this text.
fn literal(text: &str) -> String {
    string(&escape(text))
}

/// A TOML list of strings that `run` reads as exactly these texts.
fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", texts.into_iter().map(literal).collect::<Vec<_>>().join(", "))
}

/// Texts as comments. What a store says (names, types) may hold anything: nothing of it may end the comment.
fn comments<T: AsRef<str>>(texts: &[T]) -> Vec<String> {
    texts
        .iter()
        .map(|text| {
            let shown: String = text
                .as_ref()
                .chars()
                .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
                .collect();
            format!("# {shown}").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests;
