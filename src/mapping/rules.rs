//! What a config asks of one pair of columns: gathered from all requests that fit it, and checked against its type.

use chrono_tz::Tz;

use super::columns::is_listed;
use super::pairs::{Shared, Untold, shared_type_under};
use crate::canonical::rules::{ReadAs, Rules};
use crate::canonical::{CanonicalType, Encoding, Tolerance, time};
use crate::error::{Error, Result};
use crate::expression::{self, Expression};
use crate::model::{
    Column, ColumnPlan, ColumnRequest, ColumnStatus, ComparedColumn, Pair, Side, Table, TableRequest, fits, is_pattern,
};

/// Names of columns that expressions read, and of the columns that these compute.
pub(super) type Read = Vec<(String, String)>;

/// Everything that was asked of one pair of columns.
pub(super) struct ColumnRules<'a> {
    /// The requests that fit, the first before the others.
    requests: Vec<&'a ColumnRequest>,
    rules: Rules,
    tolerance: Option<Tolerance>,
    time_zone: Option<Tz>,
    expressions: Pair<Option<&'a String>>,
}

impl<'a> ColumnRules<'a> {
    /// Gathers what fits the columns of these names; `told` is the request that named the pair.
    pub fn of(table: &'a TableRequest, told: Option<&'a ColumnRequest>, source: &str, target: Option<&str>) -> Self {
        let is_told = |request: &ColumnRequest| told.is_some_and(|told| told.source == request.source);
        // A name is the source's; patterns, and what is left out, may go by the target's.
        let by_target = |request: &ColumnRequest| is_pattern(&request.source) || request.ignore.is_some();
        let fitting = |request: &&ColumnRequest| {
            is_told(request)
                || fits(&request.source, source)
                || by_target(request) && target.is_some_and(|name| fits(&request.source, name))
        };
        let requests: Vec<&ColumnRequest> = table.columns.iter().filter(fitting).collect();
        let mut all = Self {
            rules: Rules::default(),
            tolerance: requests.iter().find_map(|request| request.tolerance.clone()),
            time_zone: requests.iter().find_map(|request| request.time_zone),
            expressions: Pair::from_fn(|side| told.and_then(|told| told.expressions.get(side).as_ref())),
            requests,
        };
        for request in &all.requests {
            all.rules.under(&request.rules);
        }
        all
    }

    /// Whether the column is left out, and what is to be said of that.
    pub fn ignored(&self, table: &TableRequest, plan: &ColumnPlan) -> Option<Option<String>> {
        let names = [Some(plan.name.as_str()), plan.target.as_deref()];
        if let Some(reason) = self.requests.iter().find_map(|request| request.ignore.as_ref()) {
            return Some(Some(format!("ignored: {reason}")));
        }
        names.into_iter().flatten().any(|name| is_listed(&table.ignore, name)).then_some(None)
    }

    /// Decides as what the pair is compared. `at` are the places of its columns; a side without one has an expression.
    pub fn compare(
        mut self,
        plan: &mut ColumnPlan,
        at: Pair<Option<usize>>,
        tables: Pair<&Table>,
        zones: Pair<Option<Tz>>,
        read: &mut Pair<Read>,
    ) -> Result<()> {
        let mut columns = Pair::new(None, None);
        for side in Side::BOTH {
            *columns.get_mut(side) = match self.expressions.get(side) {
                Some(sql) => {
                    let expression = self.compiled(&plan.name, sql, tables.get(side))?;
                    read.get_mut(side).extend(expression.reads().map(|name| (name.to_owned(), plan.name.clone())));
                    plan.findings.push(format!("{side}: {sql}"));
                    Some(computed(&plan.name, &expression))
                }
                None => at.get(side).map(|at| tables.get(side).columns[at].clone()),
            };
        }
        let (Some(source), Some(target)) = (&columns.source, &columns.target) else { return Ok(()) };
        let columns = Pair::new(source, target);
        let zones = zones.map(|store| self.time_zone.or(store));
        let (mut comparison, findings) = match shared_type_under(columns, zones, &self.rules, self.untold()) {
            Shared::Type(comparison, findings) => (comparison, findings),
            Shared::Nothing(why) => {
                plan.status = ColumnStatus::Incomparable;
                plan.findings.push(why);
                return Ok(());
            }
        };
        self.drop_what_makes_no_sense(plan, columns, comparison.encoding())?;
        let said = self.rules.described();
        if !said.is_empty() {
            comparison.label = format!("{} ({})", comparison.label, said.join("; "));
            plan.findings.push(format!("rules: {}", said.join("; ")));
        }
        if let Some(tolerance) = &self.tolerance {
            plan.findings.push(format!("tolerance: {}", tolerance.described()));
        }
        plan.status = ColumnStatus::Compared;
        // An expression has no declaration that could lose anything.
        if self.expressions.source.is_none() && self.expressions.target.is_none() {
            plan.findings.extend(findings);
        }
        plan.compared = Some(ComparedColumn {
            positions: at.map(Option::unwrap_or_default),
            comparison,
            rules: (!self.rules.is_empty()).then(|| Box::new(self.rules)),
            tolerance: self.tolerance,
            expressions: self.expressions.map(|sql| sql.cloned()),
        });
        Ok(())
    }

    /// What the rules say of columns that do not say what they hold. A rule for all columns (`*`) says nothing of any.
    fn untold(&self) -> Untold {
        let named = |asks: fn(&ColumnRequest) -> bool| {
            self.requests.iter().any(|request| asks(request) && !request.source.trim_matches('*').is_empty())
        };
        let times = |r: &ColumnRequest| {
            let rules = &r.rules;
            rules.precision.is_some()
                || rules.zero_date.is_some()
                || rules.infinity.is_some()
                || rules.ambiguous.is_some()
        };
        if named(times) {
            Untold::Times
        } else if named(|r| r.rules.scale.is_some()) {
            Untold::Numbers
        } else if named(|r| r.tolerance.is_some()) {
            Untold::Distances
        } else {
            Untold::Text
        }
    }

    fn compiled(&self, name: &str, sql: &str, table: &Table) -> Result<Expression> {
        expression::compile(name, sql, table).map_err(|e| match self.requests.first() {
            Some(request) => e.at(&request.place.0),
            None => e,
        })
    }

    /// A rule that was asked of this very column and means nothing for its type is an error; one that was asked of many
    /// columns holds for those for which it means something.
    fn drop_what_makes_no_sense(
        &mut self,
        plan: &ColumnPlan,
        columns: Pair<&Column>,
        encoding: Encoding,
    ) -> Result<()> {
        use Encoding as E;
        let is_text = |column: &Column| {
            use CanonicalType as C;
            matches!(column.canonical, C::Text | C::Char | C::Untyped | C::Loose(_) | C::Json | C::Opaque { .. })
        };
        let texts = is_text(columns.source) || is_text(columns.target);
        let compares_text = texts && matches!(encoding, E::Text | E::Loose);
        let days = matches!(encoding, E::Date | E::Timestamp | E::Instant);
        let times = matches!(encoding, E::Time | E::Timestamp | E::Instant);
        let numbers = matches!(encoding, E::Number | E::Loose);
        let bool_words = matches!(self.rules.reading, Some(ReadAs::Bool(_)));
        let reads = match &self.rules.reading {
            Some(ReadAs::Json) => encoding == E::Json,
            Some(ReadAs::Uuid | ReadAs::UuidSwapped) => encoding == E::Uuid,
            Some(ReadAs::Bool(_)) => encoding == E::Boolean,
            Some(ReadAs::Set(_)) => encoding == E::Text,
            Some(ReadAs::Hex | ReadAs::Base64) => encoding == E::Binary && texts,
            None => true,
        };
        let is_moment = |text: &Option<String>, word: &str| {
            text.as_deref().is_none_or(|text| {
                text == word
                    || if encoding == E::Date {
                        time::parse_date(text).is_some()
                    } else {
                        time::parse_timestamp(text).is_some()
                    }
            })
        };
        let label = plan.name.as_str();
        for (asked, makes_sense, name, drop) in [
            (self.rules.trim.is_some(), texts, "trim", (|r| r.trim = None) as fn(&mut Rules)),
            (self.rules.case.is_some(), compares_text || bool_words, "case", |r| r.case = None),
            (self.rules.unicode.is_some(), compares_text, "unicode", |r| r.unicode = None),
            (self.rules.eol.is_some(), compares_text, "eol", |r| r.eol = None),
            (self.rules.scale.is_some(), numbers, "scale", |r| r.scale = None),
            (self.rules.precision.is_some(), times, "precision", |r| r.precision = None),
            (self.rules.ambiguous.is_some(), encoding == E::Instant, "ambiguous", |r| r.ambiguous = None),
            (self.rules.zero_date.is_some(), days && is_moment(&self.rules.zero_date, "null"), "zero_date", |r| {
                r.zero_date = None
            }),
            (self.rules.infinity.is_some(), days && is_moment(&self.rules.infinity, "max"), "infinity", |r| {
                r.infinity = None;
            }),
            (self.rules.epoch.is_some(), encoding == E::Instant, "epoch", |r| r.epoch = None),
            (self.rules.reading.is_some(), reads, "json, uuid, bool, set or binary", |r| r.reading = None),
        ] {
            if asked && !makes_sense {
                self.refuse_or(name, label, columns)?;
                drop(&mut self.rules);
            }
        }
        if let Some(tolerance) = &self.tolerance {
            let only_abs = tolerance.rel.is_none() && tolerance.ulp.is_none();
            let floats = matches!(encoding, E::Float32 | E::Float64);
            if !(numbers || floats || times && only_abs) {
                self.refuse_or("tolerance", label, columns)?;
                self.tolerance = None;
            }
        }
        if self.rules.scale.is_none() && self.rules.precision.is_none() {
            self.rules.round = None;
        }
        Ok(())
    }

    fn refuse_or(&self, rule: &str, name: &str, columns: Pair<&Column>) -> Result<()> {
        let asks = |request: &&&ColumnRequest| {
            request.strict
                && match rule {
                    "tolerance" => request.tolerance.is_some(),
                    _ => !request.rules.is_empty(),
                }
        };
        let Some(request) = self.requests.iter().find(asks) else { return Ok(()) };
        let natives = format!("{} against {}", columns.source.native, columns.target.native);
        Err(Error::usage(format!("the rule {rule:?} makes no sense for column {name}: {natives}"))
            .at(&request.place.0)
            .hint("docs/config.md lists for which types each rule is meant, and how its values are written"))
    }
}

/// An expression as a column of its own.
fn computed(name: &str, expression: &Expression) -> Column {
    let canonical = expression.canonical().clone();
    Column {
        name: name.to_owned(),
        native: format!("an expression of type {}", canonical.label()),
        canonical,
        nullable: true,
    }
}
