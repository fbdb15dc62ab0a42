//! Made-up results for the tests of this room: every verdict, every class, names and values that mean harm.

use std::collections::BTreeMap;

use super::sample::{Sampler, TableSample};
use crate::model::{
    Cause, CauseExample, CellChange, Change, Class, ColumnResult, ColumnStatus, Consistency, Counts, Coverage, Pair,
    Ranges, RunInfo, SUMMARY_FORMAT, Seconds, StoreIdentity, StoreKind, StoreResult, Summary, TableResult, Verdict,
};

/// A column name that would break out of an attribute.
pub const HOSTILE_NAME: &str = "\"><img src=x onerror=alert(1)>";
/// A value that would run.
pub const HOSTILE_VALUE: &str = "<script>alert(1)</script>";

/// A differing cell, briefly: column, value in the source, value in the target.
type Cell<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

pub fn column(name: &str, compared_as: &str) -> ColumnResult {
    ColumnResult {
        name: name.into(),
        target: Some(name.into()),
        status: ColumnStatus::Compared,
        compared_as: Some(compared_as.into()),
        corrupt: 0,
        findings: vec![],
    }
}

pub fn table(name: &str) -> TableResult {
    TableResult {
        name: name.into(),
        source: Some(format!("public.{name}")),
        target: Some(name.into()),
        verdict: Verdict::Match,
        reason: None,
        key: vec!["id".into()],
        rows: Pair::new(Some(10_000), Some(10_000)),
        counts: Counts::default(),
        causes: vec![],
        within_tolerance: 0,
        waived: None,
        columns: vec![column("id", "integer"), column("name", "text")],
        findings: vec![],
        schema: vec![],
        sample: None,
        moving: None,
        verified_until: None,
        ranges: Ranges { total: 20, mismatched: 0 },
        retries: 0,
        moments: None,
        seconds: Seconds { snapshot: 1.24, tree: 0.03, diff: 0.0 },
    }
}

/// A run of two tables that match.
pub fn matching() -> Summary {
    let store = |kind, url: &str, how: &str| StoreResult {
        identity: StoreIdentity { kind, url: url.into() },
        consistency: Some(how.into()),
        load: Vec::new(),
    };
    Summary {
        format: SUMMARY_FORMAT.into(),
        run: RunInfo {
            id: "20251123T041200Z-7f3a".into(),
            started: "2025-11-23T04:12:00Z".into(),
            finished: "2025-11-23T04:14:31Z".into(),
            version: "0.1.0".into(),
            mode: "full".into(),
            sample: None,
            seed: None,
            consistency: Consistency::Snapshot,
            resumed: vec![],
        },
        source: store(
            StoreKind::Postgres,
            "postgres://app@db1.example.com:5432/shop",
            "one exported snapshot, shared by 4 workers",
        ),
        target: store(
            StoreKind::Mysql,
            "mysql://app@db2.example.com:3306/shop",
            "4 consistent reads opened under one short table lock",
        ),
        verdict: Verdict::Match,
        exit_code: 0,
        reason: None,
        causes: vec![],
        verified_until: None,
        fence: None,
        coverage: Coverage::default(),
        limits: vec![],
        waivers: vec![],
        tables: vec![table("albums"), table("artists")],
    }
}

/// A run with every sort of damage.
pub fn summary() -> Summary {
    let mut one_sided = TableResult {
        target: None,
        verdict: Verdict::Differ,
        reason: Some("only in the source".into()),
        rows: Pair::new(None, None),
        columns: vec![],
        ranges: Ranges::default(),
        seconds: Seconds::default(),
        ..table("audit_log")
    };
    one_sided.key.clear();
    let mut failed = table("events");
    failed.verdict = Verdict::Undecided;
    failed.reason = Some("the source failed: connection reset by peer after 120,000 rows (postgres://db1/shop)".into());
    failed.rows = Pair::new(None, Some(480_231));
    let mut incomparable = table("shapes");
    incomparable.verdict = Verdict::Undecided;
    incomparable.reason = Some("1 column pair is incomparable: outline".into());
    incomparable.columns.push(ColumnResult {
        status: ColumnStatus::Incomparable,
        compared_as: None,
        findings: vec!["postgres polygon and mysql blob share no type".into()],
        ..column("outline", "")
    });
    let mut renamed = table("albums");
    renamed.target = Some("Albums".into());
    renamed.findings = vec!["name: albums meets Albums without regard to case".into()];
    let tables = vec![renamed, table("artists"), one_sided, failed, orders(), order_items(), incomparable];
    let causes = super::run_causes(&tables);
    Summary { verdict: Verdict::Differ, exit_code: 1, causes, tables, ..matching() }
}

/// A cause, briefly.
pub fn cause(kind: &str, column: Option<&str>, rows: u64, sentence: &str, example: [Option<&str>; 3]) -> Cause {
    let [key, source, target] = example.map(|text| text.map(str::to_owned));
    Cause {
        table: "orders".into(),
        kind: kind.into(),
        column: column.map(Into::into),
        rows,
        cells: if column.is_some() { rows } else { 0 },
        exact: true,
        share: Some((rows as f64 / 3e6 * 1e6).round() / 1e6),
        sentence: sentence.into(),
        rule: None,
        example: CauseExample { key: vec![key], last_key: None, source, target },
    }
}

fn orders() -> TableResult {
    let mut orders = table("orders");
    orders.target = Some("Orders".into());
    orders.verdict = Verdict::Differ;
    orders.rows = Pair::new(Some(3_000_000), Some(2_999_871));
    orders.counts = Counts { missing: 152, unexpected: 23, duplicate: 2, corrupt: 1_236_944 };
    orders.ranges = Ranges { total: 6_000, mismatched: 5_821 };
    orders.seconds = Seconds { snapshot: 101.2, tree: 0.8, diff: 14.6 };
    orders.findings = vec![
        "name: orders meets Orders without regard to case".into(),
        "3 keys are repeated equally on both sides".into(),
    ];
    let mut precision = cause(
        "time_precision",
        Some("created_at"),
        1_236_801,
        "Times were truncated to seconds.",
        [Some("9000"), Some("2024-02-29 23:59:59.999999"), Some("2024-02-29 23:59:59")],
    );
    precision.rule = Some("precision = \"s\", round = \"truncate\"".into());
    let mut block = cause(
        "missing_block",
        None,
        152,
        "One block of 152 keys from 1000 to 1151, missing in the target.",
        [Some("1000"), None, None],
    );
    block.example.last_key = Some(vec![Some("1151".into())]);
    let hostile_example = [Some("9001"), Some(HOSTILE_VALUE), None];
    let mut other = cause("other", Some(HOSTILE_NAME), 40, "No cause that tieout knows.", hostile_example);
    other.exact = false;
    orders.causes = vec![precision, block, other];
    let mut amount = column("amount", "decimal(12,2)");
    amount.corrupt = 12;
    let mut created = column("created_at", "timestamp");
    created.target = Some("CreatedAt".into());
    created.corrupt = 1_236_801;
    created.findings = vec!["lossy: timestamp(6) against datetime(0)".into()];
    let mut note = column("note", "text");
    note.corrupt = 118;
    let mut hostile = column(HOSTILE_NAME, "text");
    hostile.corrupt = 40;
    let ignored = ColumnResult { status: ColumnStatus::Ignored, compared_as: None, ..column("synced_at", "") };
    let extra = ColumnResult { status: ColumnStatus::MissingInSource, compared_as: None, ..column("legacy_flag", "") };
    orders.columns = vec![column("id", "integer"), amount, created, note, hostile, ignored, extra];
    orders
}

fn order_items() -> TableResult {
    let mut items = table("order_items");
    items.key = vec!["order_id".into(), "position".into()];
    items.verdict = Verdict::Differ;
    items.rows = Pair::new(Some(8_123_456), Some(8_123_453));
    items.counts = Counts { missing: 3, ..Counts::default() };
    items.ranges = Ranges { total: 16_000, mismatched: 2 };
    items.columns = ["order_id", "position", "sku"].map(|name| column(name, "integer")).to_vec();
    items
}

/// Samples that go with [`summary`].
pub fn samples() -> BTreeMap<String, TableSample> {
    let mut orders = Sampler::new(&["id".into()]);
    for id in 1000..1152u64 {
        orders.change(&change(Class::Missing, &[Some(&id.to_string())], (1, 0), &[]));
    }
    for id in 7000..7023u64 {
        orders.change(&change(Class::Unexpected, &[Some(&id.to_string())], (0, 1), &[]));
    }
    orders.change(&change(Class::Unexpected, &[None], (0, 1), &[]));
    orders.change(&change(Class::Duplicate, &[Some("8001")], (1, 3), &[]));
    orders.change(&change(Class::Duplicate, &[Some("8002")], (2, 1), &[]));
    let long = format!("{} shipped to Lübeck {}", "Lorem ipsum dolor sit amet ".repeat(40), "consectetur ".repeat(60));
    let moved = long.replace("Lübeck", "Lubeck");
    let cells: [&[Cell<'_>]; 8] = [
        &[
            ("amount", Some("1249.50"), Some("1249.05")),
            ("created_at", Some("2024-02-29 23:59:59.999999"), Some("2024-03-01 00:00:00")),
        ],
        &[("note", Some(""), None), (HOSTILE_NAME, Some(HOSTILE_VALUE), Some("=HYPERLINK(\"http://evil\")"))],
        &[("note", Some("NULL"), None), ("amount", Some("-5"), None)],
        &[("note", Some("two words "), Some("two words"))],
        &[("note", Some("line one\r\nline two"), Some("line one\nline two"))],
        &[("note", Some("tab\there  and blanks"), Some("tab here and blanks"))],
        &[("note", Some("АBC"), Some("ABC"))],
        &[("note", Some(&long), Some(&moved)), (HOSTILE_NAME, Some("\u{1b}[31mred\u{202e}"), Some("red"))],
    ];
    for (i, cells) in cells.iter().enumerate() {
        orders.change(&change(Class::Corrupt, &[Some(&(9000 + i).to_string())], (1, 1), cells));
    }
    for id in 9100..9400u64 {
        let times = [("created_at", Some("2024-03-05 10:15:20.123456"), Some("2024-03-05 10:15:20"))];
        orders.change(&change(Class::Corrupt, &[Some(&id.to_string())], (1, 1), &times));
    }
    let mut items = Sampler::new(&["order_id".into(), "position".into()]);
    for position in ["1", "2", "a \"quoted\" one"] {
        items.change(&change(Class::Missing, &[Some("1001"), Some(position)], (1, 0), &[]));
    }
    BTreeMap::from([("orders".into(), orders.finish()), ("order_items".into(), items.finish())])
}

/// A change, briefly.
pub fn change(class: Class, key: &[Option<&str>], copies: (u64, u64), cells: &[Cell<'_>]) -> Change {
    let cells = cells.iter().map(|(name, source, target)| CellChange {
        // A number that goes with the name is all a sampler needs.
        column: name.bytes().fold(0, |sum, byte| sum * 31 % 1_000_003 + usize::from(byte)),
        name: (*name).to_owned(),
        values: Pair::new(source.map(str::to_owned), target.map(str::to_owned)),
    });
    Change {
        class,
        key: key.iter().map(|v| v.map(str::to_owned)).collect(),
        copies: Pair::new(copies.0, copies.1),
        cells: cells.collect(),
        neighbours: None,
    }
}
