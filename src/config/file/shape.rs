//! The shape of the config file: every key, as it is written. The JSON schema for editors is made of this.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::limits::WrittenLimits;
use super::load::WrittenLoad;
use super::values::{NullIs, Number, SetWord, Several, UuidWord};
use super::waivers::WrittenWaiver;
use crate::canonical::rules::{Ambiguous, Case, Eol, Epoch, Fineness, Round, Trim, UnicodeForm, Words};

/// A string and where it stands, for errors.
pub type Text = Spanned<String>;

/// The config of a run: two stores, and what is compared of them. docs/config.md explains every key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tieout.toml")]
pub struct WrittenFile {
    /// Where run directories are written [default: reports].
    #[schemars(with = "Option<String>")]
    pub out: Option<Text>,
    /// Parallel readers of each store.
    #[schemars(with = "Option<u64>")]
    pub workers: Option<Spanned<u64>>,
    /// The most memory the diff may take before it spills to disk, for example 512MiB.
    #[schemars(with = "Option<String>")]
    pub memory: Option<Text>,
    /// The zone of times without a zone, for both stores, for example Europe/Berlin.
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<Text>,
    /// full: every row; sample: a share of them, by sample or sample_for.
    #[schemars(with = "Option<String>")]
    pub mode: Option<Text>,
    /// The share to sample, for example 1%.
    #[schemars(with = "Option<String>")]
    pub sample: Option<Text>,
    /// What the sample is to prove, for example 0.1%@95%: that at most 0.1% differs, with 95% confidence.
    #[schemars(with = "Option<String>")]
    pub sample_for: Option<Text>,
    /// Compare a table in full when its sample differs.
    pub escalate: Option<bool>,
    /// The seed of the sample [default: drawn, and recorded].
    #[schemars(with = "Option<u64>")]
    pub seed: Option<Spanned<u64>>,
    /// full: keep both tables as Parquet; lean: keep digests and the rows of ranges that disagree.
    #[schemars(with = "Option<String>")]
    pub snapshot: Option<Text>,
    /// snapshot: what differs between one snapshot of each store is a difference; eventual: what differs is read again until it
    /// agrees, stands still or keeps changing; strong: the target's snapshot is taken once it has passed the source's coordinate.
    #[schemars(with = "Option<String>")]
    pub consistency: Option<Text>,
    /// How often what differs is read again.
    pub recheck: Option<WrittenRecheck>,
    /// How it is known that the target has passed the source's coordinate, under consistency = "strong".
    pub fence: Option<WrittenFence>,
    /// Compare the tables that no [[tables]] names as well.
    pub all_tables: Option<bool>,
    /// Which snapshots stay when the run has ended: never, differ or always.
    #[schemars(with = "Option<String>")]
    pub keep_snapshots: Option<Text>,
    /// What may be seen of values.
    pub values: Option<WrittenValues>,
    /// What failed for the moment is tried again.
    pub retry: Option<WrittenRetry>,
    /// The file in which each run is recorded.
    #[schemars(with = "Option<String>")]
    pub history: Option<Text>,
    /// When the run has to be over: a time of the day such as 06:00, or a duration such as 4h.
    #[schemars(with = "Option<String>")]
    pub deadline: Option<Text>,
    /// How gently both stores are read, where [source.load] or [target.load] says nothing else.
    pub load: Option<WrittenLoad>,
    /// Which differences the gate lets pass.
    pub limits: Option<WrittenLimits>,
    /// Who vouches for which differences.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenWaiver>")]
    pub waivers: Vec<Spanned<WrittenWaiver>>,
    /// The store the data came from.
    pub source: WrittenStore,
    /// The store it should have arrived in.
    pub target: WrittenStore,
    /// What holds for every table, where nothing closer to it says otherwise.
    pub defaults: Option<WrittenDefaults>,
    /// What holds for tables by their names or patterns, or where they use the group.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, WrittenGroup>")]
    pub groups: BTreeMap<String, Spanned<WrittenGroup>>,
    /// The table pairs; none means all tables of both sides.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenTable>")]
    pub tables: Vec<Spanned<WrittenTable>>,
}

/// `recheck`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as { times = 5, after = \"2s\" }")]
pub struct WrittenRecheck {
    /// How often a key must be found unchanged before it is a difference [default: 5].
    #[schemars(with = "Option<u64>")]
    pub times: Option<Spanned<u64>>,
    /// The time between two readings [default: 2s].
    #[schemars(with = "Option<String>")]
    pub after: Option<Text>,
}

/// `[fence]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [fence]")]
pub struct WrittenFence {
    /// SQL that the source is asked once, right after its snapshot: one value.
    #[schemars(with = "Option<String>")]
    pub source: Option<Text>,
    /// SQL that the target is asked until it is true; {source} stands for the source's value.
    #[schemars(with = "Option<String>")]
    pub target: Option<Text>,
    /// The longest time to wait [default: 5m].
    #[schemars(with = "Option<String>")]
    pub timeout: Option<Text>,
}

/// `[values]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [values]")]
pub struct WrittenValues {
    /// What may be seen of a column that is not listed: show, mask, length, hash or hide.
    #[schemars(with = "Option<String>")]
    pub default: Option<Text>,
    /// What may be seen of a key column that is not listed.
    #[schemars(with = "Option<String>")]
    pub keys: Option<Text>,
    /// The key of hashes, written as ${NAME}.
    #[schemars(with = "Option<String>")]
    pub hash_key: Option<Text>,
    /// What may be seen of the columns that are listed: table.column or column, with * and ?.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub columns: BTreeMap<String, Text>,
}

/// `[retry]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [retry]")]
pub struct WrittenRetry {
    /// How often the same is tried again; 0 for never [default: 5].
    #[schemars(with = "Option<u64>")]
    pub times: Option<Spanned<u64>>,
    /// The wait before the first retry; the next ones are twice as long each [default: 1s].
    #[schemars(with = "Option<String>")]
    pub first_wait: Option<Text>,
    /// The longest wait [default: 1m].
    #[schemars(with = "Option<String>")]
    pub wait_max: Option<Text>,
    /// A store that sends nothing for so long is taken for lost [default: 30m].
    #[schemars(with = "Option<String>")]
    pub silence_max: Option<Text>,
}

/// A store: `[source]` or `[target]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table with a url")]
pub struct WrittenStore {
    /// URL or path; ${NAME} is read from the environment.
    #[schemars(with = "String")]
    pub url: Text,
    /// The zone of this store's times without a zone.
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<Text>,
    /// How gently this store is read.
    pub load: Option<WrittenLoad>,
}

/// `[defaults]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [defaults]")]
pub struct WrittenDefaults {
    /// The key columns.
    #[schemars(with = "Option<Vec<String>>")]
    pub key: Option<Vec<Text>>,
    /// Columns to leave out: names or patterns.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Text>,
    /// A condition on the rows of both sides, in SQL.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    pub filter: Option<Text>,
    /// A condition on the source's rows, in place of `where`.
    #[schemars(with = "Option<String>")]
    pub source_where: Option<Text>,
    /// A condition on the target's rows, in place of `where`.
    #[schemars(with = "Option<String>")]
    pub target_where: Option<Text>,
    /// Leave out rows that were changed last within this time, by the store's own clock, for example 5m; needs updated_at.
    #[schemars(with = "Option<String>")]
    pub min_age: Option<Text>,
    /// The column that says when a row was changed last.
    #[schemars(with = "Option<String>")]
    pub updated_at: Option<Text>,
    /// The names of groups whose rules hold here, too; the first goes before the others.
    #[serde(default, rename = "use")]
    #[schemars(with = "Vec<String>")]
    pub used: Vec<Text>,
    /// Rules for columns by name or pattern.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenColumn>")]
    pub columns: Vec<Spanned<WrittenColumn>>,
}

/// One of `[groups]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [groups.audit]")]
pub struct WrittenGroup {
    /// The tables it holds for: names or patterns. Left out: those that use it.
    #[schemars(with = "Option<Several>")]
    pub tables: Option<Spanned<Several>>,
    /// The key columns.
    #[schemars(with = "Option<Vec<String>>")]
    pub key: Option<Vec<Text>>,
    /// Columns to leave out: names or patterns.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Text>,
    /// A condition on the rows of both sides, in SQL.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    pub filter: Option<Text>,
    /// A condition on the source's rows, in place of `where`.
    #[schemars(with = "Option<String>")]
    pub source_where: Option<Text>,
    /// A condition on the target's rows, in place of `where`.
    #[schemars(with = "Option<String>")]
    pub target_where: Option<Text>,
    /// Leave out rows that were changed last within this time, by the store's own clock, for example 5m; needs updated_at.
    #[schemars(with = "Option<String>")]
    pub min_age: Option<Text>,
    /// The column that says when a row was changed last.
    #[schemars(with = "Option<String>")]
    pub updated_at: Option<Text>,
    /// The names of groups whose rules hold here, too; the first goes before the others.
    #[serde(default, rename = "use")]
    #[schemars(with = "Vec<String>")]
    pub used: Vec<Text>,
    /// Rules for columns by name or pattern.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenColumn>")]
    pub columns: Vec<Spanned<WrittenColumn>>,
}

/// One of `[[tables]]`: a pair of tables.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [[tables]]")]
pub struct WrittenTable {
    /// The source's table, or several that are read as one.
    #[schemars(with = "Several")]
    pub source: Spanned<Several>,
    /// The target's table, where it has another name, or several that are read as one.
    #[schemars(with = "Option<Several>")]
    pub target: Option<Spanned<Several>>,
    /// The key columns [default: the declared key]; an empty list compares whole rows.
    #[schemars(with = "Option<Vec<String>>")]
    pub key: Option<Vec<Text>>,
    /// Columns to leave out: names or patterns.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Text>,
    /// A condition on the rows of both sides, in SQL.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    pub filter: Option<Text>,
    /// A condition on the source's rows, in place of `where`.
    #[schemars(with = "Option<String>")]
    pub source_where: Option<Text>,
    /// A condition on the target's rows, in place of `where`.
    #[schemars(with = "Option<String>")]
    pub target_where: Option<Text>,
    /// Leave out rows that were changed last within this time, by the store's own clock, for example 5m; needs updated_at.
    #[schemars(with = "Option<String>")]
    pub min_age: Option<Text>,
    /// The column that says when a row was changed last.
    #[schemars(with = "Option<String>")]
    pub updated_at: Option<Text>,
    /// The names of groups whose rules hold here, too; the first goes before the others.
    #[serde(default, rename = "use")]
    #[schemars(with = "Vec<String>")]
    pub used: Vec<Text>,
    /// Names and rules of single columns.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenColumn>")]
    pub columns: Vec<Spanned<WrittenColumn>>,
}

/// One of `[[tables.columns]]`: a pair of columns, and the rules under which it is compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as [[tables.columns]]")]
pub struct WrittenColumn {
    /// The column's name in the source, or a pattern (*, ?) for the columns of either side.
    #[schemars(with = "String")]
    pub source: Text,
    /// Its name in the target, where it has another one.
    #[schemars(with = "Option<String>")]
    pub target: Option<Text>,
    /// Leave it out; the text says why.
    #[schemars(with = "Option<String>")]
    pub ignore: Option<Text>,
    /// SQL over the source's columns, in place of the column.
    #[schemars(with = "Option<String>")]
    pub source_expr: Option<Text>,
    /// SQL over the target's columns, in place of the column.
    #[schemars(with = "Option<String>")]
    pub target_expr: Option<Text>,
    /// The zone of its times without a zone.
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<Text>,
    /// Which instant a local time is that the clock showed twice.
    #[schemars(with = "Option<Ambiguous>")]
    pub ambiguous: Option<Text>,
    /// A text or number that is NULL, or a list of them.
    #[schemars(with = "Option<NullIs>")]
    pub null_is: Option<NullIs>,
    /// White space around texts that does not count.
    #[schemars(with = "Option<Trim>")]
    pub trim: Option<Text>,
    /// Upper and lower case are the same.
    #[schemars(with = "Option<Case>")]
    pub case: Option<Text>,
    /// Texts are compared in this Unicode form.
    #[schemars(with = "Option<UnicodeForm>")]
    pub unicode: Option<Text>,
    /// Lines end alike.
    #[schemars(with = "Option<Eol>")]
    pub eol: Option<Text>,
    /// Numbers are rounded to so many digits after the point.
    #[schemars(with = "Option<u16>")]
    pub scale: Option<Spanned<u64>>,
    /// Times are rounded to this.
    #[schemars(with = "Option<Fineness>")]
    pub precision: Option<Text>,
    /// How scale and precision round [default: half_up].
    #[schemars(with = "Option<Round>")]
    pub round: Option<Text>,
    /// What 0000-00-00 is: "null", or a date.
    #[schemars(with = "Option<String>")]
    pub zero_date: Option<Text>,
    /// What a date of infinity is: "max" (the end of the year 9999), or a date.
    #[schemars(with = "Option<String>")]
    pub infinity: Option<Text>,
    /// Numbers are instants, counted in this unit since 1970 in UTC.
    #[schemars(with = "Option<Epoch>")]
    pub epoch: Option<Text>,
    /// Texts are JSON documents.
    pub json: Option<bool>,
    /// Texts or 16 bytes are UUIDs; "swapped": the bytes are those of MySQL's UUID_TO_BIN(u, 1).
    pub uuid: Option<UuidWord>,
    /// Words for true and false.
    pub bool: Option<Words>,
    /// Texts are sets, with a comma or this text between their members.
    pub set: Option<SetWord>,
    /// Texts are bytes: "hex" or "base64".
    #[schemars(with = "Option<super::values::BinaryWord>")]
    pub binary: Option<Text>,
    /// How far apart two values may be; it is enough that one of the bounds holds.
    #[schemars(with = "Option<WrittenTolerance>")]
    pub tolerance: Option<Spanned<WrittenTolerance>>,
}

/// How far apart two values may be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as { abs = 0.01 }")]
pub struct WrittenTolerance {
    /// The most that they may be apart; for times in seconds.
    pub abs: Option<Number>,
    /// The most that they may be apart, as a share of the one further from zero.
    pub rel: Option<Number>,
    /// How many floats one may be away from the other.
    pub ulp: Option<u64>,
}
