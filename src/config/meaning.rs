//! What a plan means, apart from how it is written: its hash, and what makes it laxer than the strictest one.

use bigdecimal::{BigDecimal, ToPrimitive};
use chrono::{Datelike, NaiveDate};
use sha2::{Digest, Sha256};

use super::{ColumnRequest, Options, PatternRequest, RunPlan, StorePlan, TableRequest};
use crate::canonical::{Rules, Tolerance};
use crate::model::naming::names_of_table;
use crate::model::{
    Allowance, Allowed, Class, Consistency, FencePlan, GatePlan, Limits, NO_LIMIT, NOT_SAMPLED, Pair, SampleSize,
    Severity, Share, Waiver,
};
use crate::store::connect::redact;

/// The stores of a plan as it has them, without passwords.
pub fn stores(plan: &RunPlan) -> Pair<String> {
    plan.stores.as_ref().map(|store| redact(&store.url))
}

/// The SHA-256 of what a plan means, in hexadecimal digits: the same for the same comparison, whatever the file looks like.
/// Passwords, and what changes no result (directories, memory, workers), have no part in it.
pub fn hash(plan: &RunPlan) -> String {
    let mut digest = Sha256::new();
    for line in lines(plan) {
        digest.update((line.len() as u64).to_le_bytes());
        digest.update(line);
    }
    hex::encode(digest.finalize())
}

/// What a plan allows: each entry makes a run that has it laxer than one without.
pub fn allowances(plan: &RunPlan) -> Vec<Allowance> {
    let RunPlan { stores: _, tables, defaults, options } = plan;
    let left_out = options.sampling.as_ref().map_or(0.0, |sampling| match &sampling.size {
        SampleSize::Share(share, _) => 1.0 - share,
        // How much that is depends on the table.
        SampleSize::Proof { .. } => 1.0,
    });
    let mut all = vec![Allowance::new(None, NOT_SAMPLED, left_out)];
    let may_resolve = match options.consistency {
        Consistency::Snapshot => 0.0,
        Consistency::Eventual | Consistency::Strong => options.recheck.lag_max().as_secs_f64(),
    };
    all.push(Allowance::new(None, "seconds that a difference may take to resolve", may_resolve));
    all.extend(of_limits(None, &options.gate.limits, true));
    for table in tables.iter().flatten() {
        all.extend(of_table(Some(&table.names.source), table));
    }
    all.extend(of_table(None, defaults));
    for PatternRequest { tables, request } in &options.groups {
        all.extend(of_table(Some(&tables.join(", ")), request));
    }
    let GatePlan { limits: _, tables: limits, waivers } = &options.gate;
    for of in limits {
        all.extend(of_limits(Some(&of.table), &of.limits, false));
        let columns = of.columns.iter();
        all.extend(
            columns.flat_map(|(column, allowed)| amounts(Some(&of.table), &format!("corrupt in {column}"), *allowed)),
        );
    }
    all.extend(waivers.iter().flat_map(of_waiver));
    all
}

/// The names that a table pair of a config goes by.
pub fn names_of(request: &TableRequest) -> Vec<&str> {
    names_of_table(&request.names.source, Some(&request.names.source), Some(&request.names.target))
}

/// Every line of the meaning. The destructuring is on purpose: whoever adds a setting must say here what it means.
fn lines(plan: &RunPlan) -> Vec<String> {
    let RunPlan { stores, tables, defaults, options } = plan;
    let mut lines = Vec::new();
    for StorePlan { url, time_zone } in [&stores.source, &stores.target] {
        lines.push(format!("store {} zone {time_zone:?}", redact(url)));
    }
    match tables {
        Some(tables) => {
            let mut of_tables: Vec<Vec<String>> = tables.iter().map(lines_of_table).collect();
            // The order of the tables in the file means nothing.
            of_tables.sort();
            lines.extend(of_tables.concat());
        }
        None => {
            lines.push("all tables".into());
            lines.extend(lines_of_table(defaults));
        }
    }
    let Options {
        out: _,
        workers: _,
        memory_bytes_max: _,
        rows_per_range: _,
        keep: _,
        keep_snapshots: _,
        sampling,
        consistency,
        recheck,
        fence,
        values: _,
        sign: _,
        config_sha256: _,
        // How gently, and until when: what was not read is undecided, never equal.
        load: _,
        deadline: _,
        // What is tried again is read again from its start, in one snapshot: no result changes.
        retry: _,
        resumable: _,
        groups,
        all_tables,
        gate,
        history: _,
    } = options;
    for PatternRequest { tables, request } in groups {
        lines.push(format!("tables {tables:?}"));
        lines.extend(lines_of_table(request));
    }
    if tables.is_some() {
        lines.push(format!("all other tables {all_tables}"));
        lines.extend(lines_of_table(defaults));
    }
    // The seed is another one every night.
    let sampled = sampling.as_ref().map(|sampling| (&sampling.size, sampling.escalate));
    lines.push(format!("sample {sampled:?}"));
    if *consistency != Consistency::Snapshot {
        let FencePlan { questions, timeout: _ } = fence;
        lines.push(format!("consistency {consistency:?} {recheck:?} {questions:?}"));
    }
    lines.push(format!("{gate:?}"));
    lines
}

fn lines_of_table(request: &TableRequest) -> Vec<String> {
    let TableRequest { names, more, key, ignore: ignored, filters, columns, min_age, updated_at } = request;
    let mut ignored = ignored.clone();
    ignored.sort();
    let mut lines = vec![format!("table {names:?} and {more:?} key {key:?} ignore {ignored:?} where {filters:?}")];
    if min_age.is_some() {
        lines.push(format!("min_age {min_age:?} by {updated_at:?}"));
    }
    // In their order: of two requests for one column the first goes first.
    for column in columns {
        let ColumnRequest { source, target, strict: _, time_zone, ignore, rules, tolerance, expressions, place: _ } =
            column;
        lines.push(format!(
            "column {source:?} {target:?} zone {time_zone:?} ignore {ignore:?} {rules:?} {tolerance:?} {expressions:?}"
        ));
    }
    lines
}

/// Columns left out, conditions, and (once there are any) rules and tolerances of columns.
fn of_table(table: Option<&str>, request: &TableRequest) -> Vec<Allowance> {
    let TableRequest { names: _, more: _, key: _, ignore, filters, columns, min_age, updated_at: _ } = request;
    let mut all: Vec<Allowance> =
        ignore.iter().map(|column| Allowance::new(table, format!("column {column} ignored"), 1.0)).collect();
    let seconds = min_age.iter().map(|age| age.as_secs_f64());
    all.extend(seconds.map(|age| Allowance::new(table, "seconds within which changed rows are left out", age)));
    for (side, filter) in [("source", &filters.source), ("target", &filters.target)] {
        let filter = filter.iter();
        all.extend(filter.map(|filter| Allowance::new(table, format!("only rows of the {side} where {filter}"), 1.0)));
    }
    for column in columns {
        all.extend(of_column(table, column));
    }
    all
}

/// What is asked of a column beyond its type makes values equal that are not. A zone only says how they are read.
fn of_column(table: Option<&str>, column: &ColumnRequest) -> Vec<Allowance> {
    let ColumnRequest { source, target: _, strict: _, time_zone: _, ignore, rules, tolerance, expressions, place: _ } =
        column;
    let mut all = Vec::new();
    if ignore.is_some() {
        all.push(Allowance::new(table, format!("column {source} ignored"), 1.0));
    }
    if *rules != Rules::default() {
        all.push(Allowance::new(table, format!("column {source} under rules: {rules:?}"), 1.0));
    }
    if let Some(Tolerance { abs, rel, ulp }) = tolerance {
        let amount = |decimal: &BigDecimal| decimal.to_f64().unwrap_or(f64::MAX);
        all.extend(abs.iter().map(|abs| Allowance::new(table, format!("tolerance of {source}"), amount(abs))));
        all.extend(rel.iter().map(|rel| Allowance::new(table, format!("relative tolerance of {source}"), amount(rel))));
        all.extend(
            ulp.iter().map(|ulp| Allowance::new(table, format!("floats between values of {source}"), *ulp as f64)),
        );
    }
    for (side, expression) in [("source", &expressions.source), ("target", &expressions.target)] {
        let what = |sql: &String| format!("column {source} computed in the {side} as {sql}");
        all.extend(expression.iter().map(|sql| Allowance::new(table, what(sql), 1.0)));
    }
    all
}

fn of_limits(table: Option<&str>, limits: &Limits, of_run: bool) -> Vec<Allowance> {
    let mut all = Vec::new();
    for class in Class::ALL {
        all.extend(limits.of(class).into_iter().flat_map(|allowed| amounts(table, class.name(), allowed)));
    }
    let unproven = |least: Share| 1.0 - least.fraction();
    let coverage = [("tables", limits.coverage_tables, of_run), ("columns", limits.coverage_columns, true)];
    for (what, least, _) in coverage.into_iter().filter(|(.., applies)| *applies) {
        let allowed = match least {
            Some(least) => Some(unproven(least)),
            None => of_run.then_some(1.0),
        };
        all.extend(allowed.map(|amount| Allowance::new(table, format!("share of {what} not compared"), amount)));
    }
    let severity = match limits.schema {
        Some(limit) => Some(Severity::ALL.iter().rev().position(|one| *one == limit).map_or(0.0, |at| at as f64)),
        None => of_run.then_some(Severity::ALL.len() as f64),
    };
    all.extend(severity.map(|amount| Allowance::new(table, "severity of schema findings let pass", amount)));
    all
}

/// A bound that is not given is none where the other one is.
fn amounts(table: Option<&str>, what: &str, allowed: Allowed) -> [Allowance; 2] {
    let count = allowed.count.map_or(NO_LIMIT, |count| count as f64);
    let share = match (allowed.share, allowed.count) {
        (Some(share), _) => share.fraction(),
        // Nothing is also no share of anything.
        (None, Some(0)) => 0.0,
        (None, _) => NO_LIMIT,
    };
    [
        Allowance::new(table, format!("number of {what} keys allowed"), if share == 0.0 { 0.0 } else { count }),
        Allowance::new(table, format!("share of {what} keys allowed"), share),
    ]
}

/// A waiver that lasts longer is a laxer one. Keys are values of the data: the history gets to know their hashes.
fn of_waiver(waiver: &Waiver) -> Vec<Allowance> {
    let Waiver { owner: _, reason: _, until, table, column, cause, keys } = waiver;
    let mut what = "waiver".to_owned();
    for (name, value) in [("column", column), ("cause", cause)] {
        what.extend(value.iter().map(|value| format!(" for {name} {value}")));
    }
    let of = |what: String| Allowance::new(table.as_deref(), format!("{what}, by its last day"), day_number(*until));
    match keys {
        None => vec![of(what)],
        Some(keys) => {
            keys.iter().map(|key| of(format!("{what} for key #{}", &hex::encode(Sha256::digest(key))[..16]))).collect()
        }
    }
}

fn day_number(day: NaiveDate) -> f64 {
    f64::from(day.num_days_from_ce())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::file::{Overrides, plan_of_text};
    use crate::model::laxer;

    fn plan(rest: &str) -> RunPlan {
        let text = format!("{rest}\n[source]\nurl = \"postgres://app:${{PW}}@db/shop\"\n[target]\nurl = \"b.db\"\n");
        plan_of_text(Path::new("tieout.toml"), &text, &|_| Some("s3cret-s3cret-s3cret".into()), &Overrides::default())
            .unwrap()
    }

    fn with(rest: &str) -> RunPlan {
        let text = format!("[source]\nurl = \"a.db\"\n[target]\nurl = \"b.db\"\n{rest}");
        plan_of_text(Path::new("tieout.toml"), &text, &|_| None, &Overrides::default()).unwrap()
    }

    #[test]
    fn the_hash_is_of_the_meaning_and_not_of_the_text() {
        let (one, other) = ("[[tables]]\nsource = \"a\"\n", "[[tables]]\nsource = \"b\"\nignore = [\"y\", \"x\"]\n");
        let turned = "[[tables]]\nignore = [\"x\", \"y\"]\nsource = \"b\"\ntarget = \"b\" # the same\n";
        assert_eq!(hash(&with(&format!("{one}{other}"))), hash(&with(&format!("{turned}{one}"))));
        assert_eq!(hash(&plan("out = \"x\"\nworkers = 3")), hash(&plan("")));
        assert_ne!(hash(&with(one)), hash(&with(other)));
        assert_ne!(hash(&with(one)), hash(&with(&format!("{one}[limits]\nmissing = 1\n"))));
        assert!(lines(&plan("")).iter().all(|line| !line.contains("s3cret")));
    }

    fn made_laxer(earlier: &str, later: &str) -> bool {
        !laxer(&allowances(&with(earlier)), &allowances(&with(later)), &["orders"]).is_empty()
    }

    #[test]
    fn everything_that_lets_more_pass_is_laxer_and_its_reverse_is_not() {
        let waiver =
            |until: &str| format!("[[waivers]]\nowner = \"o\"\nreason = \"r\"\nuntil = {until}\ntable = \"orders\"\n");
        let keys = |keys: &str| format!("{}keys = [{keys}]\n", waiver("2026-01-01"));
        let tables = |rest: &str| format!("[[tables]]\nsource = \"orders\"\n{rest}\n");
        for (strict, lax) in [
            (String::new(), "[limits]\nmissing = 1\n".to_owned()),
            ("[limits]\nmissing = 1\nmissing_share = \"1%\"\n".into(), "[limits]\nmissing = 1\n".into()),
            ("[limits]\ncoverage_columns = \"100%\"\n".into(), "[limits]\ncoverage_columns = \"90%\"\n".into()),
            ("[limits]\ncoverage_tables = \"1%\"\n".into(), String::new()),
            ("[limits]\nschema = \"note\"\n".into(), "[limits]\nschema = \"lossy\"\n".into()),
            ("[limits]\nschema = \"lossy\"\n".into(), String::new()),
            ("[limits]\nmissing = 9\n[limits.tables.orders]\nmissing = 0\n".into(), "[limits]\nmissing = 9\n".into()),
            (String::new(), "[limits.tables.\"ord*\".columns.note]\ncorrupt = 1\n".into()),
            (String::new(), waiver("2026-01-01")),
            (waiver("2026-01-01"), waiver("\"2026-01-02\"")),
            (keys("1"), keys("1, 2")),
            (tables(""), tables("ignore = [\"note\"]")),
            (tables(""), tables("where = \"id < 5\"")),
        ] {
            assert!(made_laxer(&strict, &lax), "from\n{strict}\nto\n{lax}");
            assert!(!made_laxer(&lax, &strict), "from\n{lax}\nto\n{strict}");
            assert!(!made_laxer(&lax, &lax));
        }
        // What a condition lets through is not known, and a number is neither more nor less than a share.
        let number = "[limits]\nmissing = 1\n".to_owned();
        for (one, other) in [
            (tables("where = \"id < 5\""), tables("where = \"id < 6\"")),
            (number, "[limits]\nmissing_share = \"1%\"\n".to_owned()),
        ] {
            assert!(made_laxer(&one, &other) && made_laxer(&other, &one), "{one}");
        }
    }
}
