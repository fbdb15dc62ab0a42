//! The gate of a run: holds what was found against the limits and waivers of the config.
//!
//! It only ever forgives differences that were counted to the end: what was not compared stays undecided, and a table whose
//! comparison broke off keeps its verdict. The nearest limit judges, and no other: a table's own before the run's, and a
//! column's own before the table's. What has no limit may not differ at all.

use chrono::NaiveDate;

use super::causes::{CauseShare, left_by_causes};
use super::tally::Tally;
use crate::model::{
    Allowed, Class, ColumnStatus, Counts, Coverage, Covered, GatePlan, LimitResult, Severity, Share, TableResult,
    Verdict, Waived, Waiver, WaiverResult,
};

/// What the gate made of a run.
#[derive(Debug, Default)]
pub struct Gated {
    /// Every limit of the config, and those of zero that are broken.
    pub limits: Vec<LimitResult>,
    /// Every waiver of the config.
    pub waivers: Vec<WaiverResult>,
    /// Why the run is undecided although no table is.
    pub undecided: Option<String>,
}

/// Applies the gate to the tables of a run, which get their verdicts anew. `tallies` are those of the tables that were compared
/// to the end, each at its table's place.
pub fn apply(
    gate: &GatePlan,
    today: NaiveDate,
    coverage: &Coverage,
    tables: &mut [TableResult],
    tallies: &[Option<Tally>],
) -> Gated {
    if gate.is_plain() {
        return Gated::default();
    }
    let mut judge = Judge {
        gate,
        today,
        broken: vec![Vec::new(); tables.len()],
        too_little: vec![Vec::new(); tables.len()],
        by_waiver: vec![0; gate.waivers.len()],
        gated: Gated::default(),
    };
    let views: Vec<View> = tables.iter().zip(tallies).map(|(table, tally)| judge.view(table, tally.as_ref())).collect();
    for class in Class::ALL {
        judge.class(class, tables, &views);
    }
    judge.schema(tables, &views);
    judge.coverage(coverage, tables);
    for (at, (table, view)) in tables.iter_mut().zip(views).enumerate() {
        judge.decide(at, table, view);
    }
    judge.finish()
}

struct Judge<'a> {
    gate: &'a GatePlan,
    today: NaiveDate,
    /// For each table, the limits that its differences break.
    broken: Vec<Vec<String>>,
    /// For each table, the limits of coverage that are broken.
    too_little: Vec<Vec<String>>,
    by_waiver: Vec<u64>,
    gated: Gated,
}

/// A table as the gate sees it.
struct View {
    /// Whether its differences were counted to the end.
    is_whole: bool,
    counted: Counts,
    waived: Counts,
    columns: Vec<u64>,
    /// Columns without a counterpart: waived ones, and the others.
    lost_waived: Vec<String>,
    lost: bool,
    /// Whether it is on one side only, and waived as a whole.
    absent_waived: bool,
    /// The waivers that cover something of it.
    by: Vec<usize>,
}

/// What a limit is held against.
struct Held {
    found: u64,
    of: u64,
}

impl Judge<'_> {
    fn view(&mut self, table: &TableResult, tally: Option<&Tally>) -> View {
        let names = table.names();
        let (gate, today) = (self.gate, self.today);
        let about: Vec<(usize, &Waiver)> =
            gate.waivers.iter().enumerate().filter(|(_, waiver)| waiver.is_about(&names)).collect();
        let (mut lost_waived, mut lost, mut by) = (Vec::new(), false, Vec::new());
        let mut find = |judge: &mut Self, covers: &dyn Fn(&Waiver) -> bool| {
            let of = |expired: bool| {
                about.iter().find(|(_, one)| one.is_expired(today) == expired && covers(one)).map(|(at, _)| *at)
            };
            let found = of(false);
            if let Some(at) = found.or_else(|| of(true)) {
                judge.by_waiver[at] += 1;
            }
            by.extend(found);
            found.is_some()
        };
        let is_absent = table.source.is_none() != table.target.is_none();
        let absent_waived = is_absent && find(self, &Waiver::covers_table);
        if !is_absent {
            for column in table.columns.iter().filter(|one| one.status == ColumnStatus::MissingInTarget) {
                match find(self, &|one| one.covers_column(&column.names())) {
                    true => lost_waived.push(column.name.clone()),
                    false => lost = true,
                }
            }
        }
        let mut view = View {
            is_whole: tally.is_some(),
            // What was not read again is not known to differ.
            counted: match (tally, &table.moving) {
                (Some(tally), _) => tally.counted,
                (None, Some(moving)) if moving.not_rechecked > 0 => Counts::default(),
                (None, _) => table.counts,
            },
            waived: tally.map_or_else(Counts::default, |tally| tally.waived),
            columns: tally.map_or_else(Vec::new, |tally| tally.columns.clone()),
            lost_waived,
            lost,
            absent_waived,
            by,
        };
        for (at, covered) in tally.iter().flat_map(|tally| tally.by_waiver.iter().enumerate()) {
            self.by_waiver[at] += covered;
            if *covered > 0 && !gate.waivers[at].is_expired(today) {
                view.by.push(at);
            }
        }
        if view.is_whole {
            self.waive_causes(table, &about, &mut view);
        }
        view.by.sort_unstable();
        view.by.dedup();
        view
    }

    /// What is left of the counts once the causes that somebody vouches for are taken off.
    fn waive_causes(&mut self, table: &TableResult, about: &[(usize, &Waiver)], view: &mut View) {
        let shares = CauseShare::of(table);
        for class in Class::ALL {
            let waived_by = |share: &CauseShare<'_>| {
                let fits = |one: &Waiver| share.is_meant(one, table) && !one.is_expired(self.today);
                about.iter().find(|(_, one)| fits(one)).map(|(at, _)| *at)
            };
            let (left, by) = left_by_causes(class, view.counted.of(class), &shares, waived_by);
            let taken = view.counted.of(class) - left;
            if taken > 0 {
                view.counted.set(class, left);
                view.waived.set(class, view.waived.of(class) + taken);
                by.iter().for_each(|at| self.by_waiver[*at] += taken);
                view.by.extend(by);
            }
        }
    }

    fn class(&mut self, class: Class, tables: &[TableResult], views: &[View]) {
        let mut pool = Held { found: 0, of: 0 };
        let mut in_pool = Vec::new();
        for (at, (table, view)) in tables.iter().zip(views).enumerate() {
            let names = table.names();
            let held = Held { found: view.counted.of(class), of: rows(table, class) };
            match self.gate.of_table(&names, |one| one.limits.of(class)) {
                Some(allowed) => {
                    let broken = self.judge(Some(&table.name), None, class.name(), Some(allowed), held);
                    self.broken[at].extend(broken);
                }
                None => {
                    pool.found += held.found;
                    pool.of += held.of;
                    in_pool.push(at);
                }
            }
            if class == Class::Corrupt {
                for (column, found) in table.columns.iter().zip(&view.columns) {
                    if let Some(allowed) = self.gate.of_column(&names, &column.names()) {
                        let held = Held { found: *found, of: rows(table, class) };
                        let broken =
                            self.judge(Some(&table.name), Some(&column.name), class.name(), Some(allowed), held);
                        self.broken[at].extend(broken);
                    }
                }
            }
        }
        if let Some(broken) = self.judge(None, None, class.name(), self.gate.limits.of(class), pool) {
            for at in in_pool.into_iter().filter(|at| views[*at].counted.of(class) > 0) {
                self.broken[at].push(broken.clone());
            }
        }
    }

    fn schema(&mut self, tables: &[TableResult], views: &[View]) {
        for (at, table) in tables.iter().enumerate().filter(|(at, _)| !views[*at].absent_waived) {
            let own = self.gate.of_table(&table.names(), |one| one.limits.schema);
            let Some(limit) = own.or(self.gate.limits.schema) else { continue };
            let none = Allowed { count: Some(0), share: None };
            let found = schema_findings(table, limit);
            let held = Held { found, of: found };
            let broken = self.judge(Some(&table.name), None, "schema", Some(none), held);
            self.broken[at].extend(broken);
        }
    }

    fn coverage(&mut self, coverage: &Coverage, tables: &[TableResult]) {
        let of_run = [
            ("coverage_tables", self.gate.limits.coverage_tables, coverage.tables),
            ("coverage_columns", self.gate.limits.coverage_columns, coverage.columns),
        ];
        let broken =
            of_run.into_iter().filter_map(|(limit, least, covered)| self.covered(None, limit, least?, covered));
        let broken: Vec<String> = broken.collect();
        if !broken.is_empty() {
            self.gated.undecided = Some(format!("too little was compared: {}", broken.join("; ")));
        }
        for (at, table) in tables.iter().enumerate() {
            if let Some(least) = self.gate.of_table(&table.names(), |one| one.limits.coverage_columns) {
                let broken = self.covered(Some(&table.name), "coverage_columns", least, columns_covered(table));
                self.too_little[at].extend(broken);
            }
        }
    }

    /// Holds what differs against a limit, and tells of one that is broken.
    fn judge(
        &mut self,
        table: Option<&str>,
        column: Option<&str>,
        limit: &str,
        allowed: Option<Allowed>,
        held: Held,
    ) -> Option<String> {
        let over = held.found - held.found.min(allowed.map_or(0, |allowed| allowed.most(held.of)));
        if allowed.is_none() && over == 0 {
            return None;
        }
        let result = LimitResult {
            table: table.map(Into::into),
            column: column.map(Into::into),
            limit: limit.into(),
            allowed: allowed.map_or(Some(0), |allowed| allowed.count),
            allowed_share: allowed.and_then(|allowed| allowed.share),
            found: held.found,
            of: held.of,
            over,
            broken: over > 0,
        };
        let told = result.broken.then(|| result.described());
        self.gated.limits.push(result);
        told
    }

    fn covered(&mut self, table: Option<&str>, limit: &str, least: Share, covered: Covered) -> Option<String> {
        let needed = least.least(covered.existing);
        let over = needed - needed.min(covered.compared);
        let result = LimitResult {
            table: table.map(Into::into),
            column: None,
            limit: limit.into(),
            allowed: None,
            allowed_share: Some(least),
            found: covered.compared,
            of: covered.existing,
            over,
            broken: over > 0,
        };
        let told = result.broken.then(|| result.described());
        self.gated.limits.push(result);
        told
    }

    fn decide(&mut self, at: usize, table: &mut TableResult, view: View) {
        let within = self.broken[at].is_empty();
        let is_hot = table.moving.as_ref().is_some_and(|moving| moving.hot > 0);
        let incomparable = is_hot || table.columns.iter().any(|one| one.status == ColumnStatus::Incomparable);
        let forgiven = if view.is_whole { within && !view.lost } else { within && view.absent_waived };
        if table.verdict == Verdict::Differ && forgiven {
            table.verdict = if incomparable { Verdict::Undecided } else { Verdict::Match };
        }
        let mut reasons: Vec<String> = table.reason.take().into_iter().collect();
        if !within {
            table.verdict = Verdict::Differ;
            reasons.extend(self.broken[at].iter().map(|broken| format!("limit broken: {broken}")));
        }
        if !self.too_little[at].is_empty() {
            table.verdict = table.verdict.max(Verdict::Undecided);
            reasons.extend(self.too_little[at].iter().map(|broken| format!("limit broken: {broken}")));
        }
        table.reason = (!reasons.is_empty()).then(|| reasons.join("; "));
        if !view.by.is_empty() {
            let until = view.by.iter().map(|at| self.gate.waivers[*at].until).min();
            table.waived = Some(Waived {
                counts: view.waived,
                columns: view.lost_waived,
                by: view.by.iter().map(|at| self.gate.waivers[*at].described()).collect(),
                until: until.map(|day| day.to_string()).unwrap_or_default(),
            });
        }
    }

    fn finish(mut self) -> Gated {
        let result = |(waiver, differences): (&Waiver, &u64)| WaiverResult {
            owner: waiver.owner.clone(),
            reason: waiver.reason.clone(),
            until: waiver.until.to_string(),
            expired: waiver.is_expired(self.today),
            table: waiver.table.clone(),
            column: waiver.column.clone(),
            cause: waiver.cause.clone(),
            keys: waiver.keys.as_ref().map(|keys| keys.len() as u64),
            differences: *differences,
        };
        self.gated.waivers = self.gate.waivers.iter().zip(&self.by_waiver).map(result).collect();
        self.gated
    }
}

/// How many columns of a table were compared, of those that exist on either side.
pub fn columns_covered(table: &TableResult) -> Covered {
    let read = table.rows.source.is_some() && table.rows.target.is_some();
    let compared = table.columns.iter().filter(|one| read && one.status == ColumnStatus::Compared).count();
    Covered { compared: compared as u64, existing: table.columns.len() as u64 }
}

/// The rows of which a class is a share: the side that has the keys.
fn rows(table: &TableResult, class: Class) -> u64 {
    let rows = if class == Class::Unexpected { table.rows.target } else { table.rows.source };
    rows.unwrap_or(0)
}

/// How many schema findings are of this severity or graver. What the mapping finds to be lossy counts, too, where a store
/// states no schema.
fn schema_findings(table: &TableResult, limit: Severity) -> u64 {
    let found = table.schema.iter().filter(|finding| finding.reaches(limit)).count();
    let is_lossy = |finding: &&String| finding.starts_with("lossy");
    found.max(table.columns.iter().flat_map(|column| &column.findings).filter(is_lossy).count()) as u64
}

#[cfg(test)]
mod tests;
