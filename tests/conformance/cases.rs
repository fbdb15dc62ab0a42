//! The cases as `fixtures/cases/README.md` describes them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// The kinds of stores, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Postgres,
    MariaDb,
    Sqlite,
    Parquet,
    Csv,
}

/// All cases, in the order of their files and within them.
pub struct Kit {
    pub cases: Vec<Case>,
    /// What a topic's databases need before their tables, by topic.
    pub setup: BTreeMap<String, BTreeMap<Kind, String>>,
}

/// One case.
pub struct Case {
    pub topic: String,
    pub id: String,
    pub what: String,
    /// The verdicts owed; where there are several, each will do.
    pub owed: Vec<String>,
    pub given: Given,
    pub note: String,
    pub body: Body,
}

/// What is to be run.
pub enum Body {
    Cell(Cell),
    Situation(Box<Situation>),
    Setting(Setting),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    topic: String,
    #[serde(default)]
    setup: BTreeMap<Kind, String>,
    #[serde(default)]
    fixture: BTreeMap<Kind, String>,
    #[serde(default)]
    cell: Vec<Written<Cell>>,
    #[serde(default)]
    situation: Vec<Written<Situation>>,
    #[serde(default)]
    setting: Vec<Written<Setting>>,
}

#[derive(Deserialize)]
struct Written<B> {
    id: String,
    what: String,
    owed: OneOrMore,
    #[serde(default)]
    given: Given,
    #[serde(default)]
    note: String,
    /// The words in which a cause is owed; not checked yet.
    #[serde(default, rename = "cause")]
    _cause: String,
    #[serde(flatten)]
    body: B,
}

/// Two values that stand opposite each other.
#[derive(Deserialize)]
pub struct Cell {
    pub source: BTreeMap<Kind, Literal>,
    pub target: BTreeMap<Kind, Literal>,
    /// The differing neighbour's value in the target; NULL where there is none.
    #[serde(default)]
    pub other: BTreeMap<Kind, String>,
    /// Keys of `[[tables.columns]]`.
    #[serde(default)]
    pub rule: toml::Table,
    #[serde(default)]
    pub pairs: Vec<String>,
}

/// A value as its store writes it: with its type, or as a field of a CSV file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    Field(String),
    Typed([String; 2]),
}

/// Whole tables that stand opposite each other.
#[derive(Deserialize)]
pub struct Situation {
    pub source: Content,
    pub target: Content,
    /// Further arguments of `tieout diff`.
    #[serde(default)]
    pub args: Vec<String>,
    /// Texts that `summary.json` or the error must contain.
    #[serde(default)]
    pub says: Vec<String>,
    #[serde(default)]
    pub pairs: Vec<String>,
}

/// A store's tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// A script that PostgreSQL, MariaDB and SQLite take alike.
    pub sql: Option<String>,
    pub postgres: Option<String>,
    pub mariadb: Option<String>,
    pub sqlite: Option<String>,
    pub csv: Option<Files>,
    pub parquet: Option<ParquetTable>,
}

/// Files by name, or the content of `t.csv`.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Files {
    One(String),
    Several(BTreeMap<String, Bytes>),
}

/// The content of a file.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Bytes {
    Text(String),
    Hex { hex: String },
}

/// `t.parquet`: in Arrow's types, or leaf by leaf after a Parquet schema.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParquetTable {
    #[serde(default)]
    pub names: Vec<String>,
    #[serde(default)]
    pub types: Vec<String>,
    #[serde(default)]
    pub rows: Vec<Vec<String>>,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub leaves: Vec<Leaf>,
    #[serde(default)]
    pub compression: String,
    #[serde(default = "yes")]
    pub dictionary: bool,
    pub row_group_rows: Option<usize>,
}

/// The values of a leaf column with their levels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    pub values: Vec<String>,
    pub definition: Option<Vec<i16>>,
    pub repetition: Option<Vec<i16>>,
    /// Minimum and maximum as the file is to state them, right or wrong.
    pub statistics: Option<[String; 2]>,
}

/// A setting of a server, or of tieout's environment, that must not change a digest.
#[derive(Deserialize)]
pub struct Setting {
    pub store: Kind,
    /// The tables; the topic's fixture.
    #[serde(skip)]
    pub fixture: String,
    #[serde(default)]
    pub change: String,
    #[serde(default)]
    pub undo: String,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// What a case is known to give where that is not what is owed.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub enum Given {
    #[default]
    AsOwed,
    Everywhere(String),
    ByPair(BTreeMap<String, String>),
}

fn yes() -> bool {
    true
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Postgres, Kind::MariaDb, Kind::Sqlite, Kind::Parquet, Kind::Csv];

    /// The word in the cases.
    pub fn key(self) -> &'static str {
        ["postgres", "mariadb", "sqlite", "parquet", "csv"][self as usize]
    }

    /// The word on the page.
    pub fn title(self) -> &'static str {
        ["PostgreSQL", "MariaDB", "SQLite", "Parquet", "CSV"][self as usize]
    }

    /// Whether it is asked in SQL.
    pub fn is_sql(self) -> bool {
        matches!(self, Kind::Postgres | Kind::MariaDb | Kind::Sqlite)
    }
}

impl Kit {
    /// Reads all `*.toml` of a folder in name order.
    pub fn read(folder: &Path) -> Self {
        let mut files: Vec<_> =
            glob::glob(&format!("{}/*.toml", folder.display())).expect("a pattern").flatten().collect();
        files.sort();
        let mut kit = Self { cases: Vec::new(), setup: BTreeMap::new() };
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a file of cases");
            let topic: Topic = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let fixture = topic.fixture;
            kit.cases.extend(topic.cell.into_iter().map(|w| w.case(&topic.topic, Body::Cell)));
            let boxed = |situation| Body::Situation(Box::new(situation));
            kit.cases.extend(topic.situation.into_iter().map(|w| w.case(&topic.topic, boxed)));
            kit.cases.extend(topic.setting.into_iter().map(|mut written| {
                written.body.fixture = fixture.get(&written.body.store).cloned().unwrap_or_default();
                written.case(&topic.topic, Body::Setting)
            }));
            kit.setup.insert(topic.topic, topic.setup);
        }
        let mut ids: Vec<&str> = kit.cases.iter().map(|case| case.id.as_str()).collect();
        ids.sort_unstable();
        let twice: Vec<_> = ids.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]).collect();
        assert!(twice.is_empty(), "ids that stand twice: {twice:?}");
        kit
    }
}

impl<B> Written<B> {
    fn case(self, topic: &str, body: impl FnOnce(B) -> Body) -> Case {
        let owed = match self.owed {
            OneOrMore::One(owed) => vec![owed],
            OneOrMore::More(owed) => owed,
        };
        let (topic, body) = (topic.to_owned(), body(self.body));
        Case { topic, id: self.id, what: self.what, owed, given: self.given, note: self.note, body }
    }
}

impl Case {
    /// What the case is on record to give over a pair, where that is not what is owed.
    pub fn recorded(&self, pair: [Kind; 2]) -> Option<&str> {
        match &self.given {
            Given::AsOwed => None,
            Given::Everywhere(given) => Some(given),
            Given::ByPair(given) => given.get(&super::name(pair)).map(String::as_str),
        }
    }

    /// The verdict that is expected over a pair.
    pub fn expected(&self, pair: [Kind; 2]) -> &str {
        self.recorded(pair).unwrap_or(&self.owed[0])
    }

    /// Whether the case is to be run over a pair.
    pub fn runs_over(&self, pair: [Kind; 2]) -> bool {
        let listed = |pairs: &[String]| pairs.is_empty() || pairs.contains(&super::name(pair));
        match &self.body {
            Body::Cell(cell) => {
                cell.source.contains_key(&pair[0]) && cell.target.contains_key(&pair[1]) && listed(&cell.pairs)
            }
            Body::Situation(situation) => {
                let both_sql = situation.source.sql.is_some() && situation.target.sql.is_some();
                let ring = !both_sql
                    || !situation.pairs.is_empty()
                    || !pair.iter().all(|kind| kind.is_sql())
                    || RING.contains(&pair);
                situation.source.has(pair[0]) && situation.target.has(pair[1]) && listed(&situation.pairs) && ring
            }
            Body::Setting(setting) => pair == [setting.store; 2],
        }
    }
}

/// The pairs over which a script runs that is the same everywhere.
const RING: [[Kind; 2]; 3] =
    [[Kind::Postgres, Kind::MariaDb], [Kind::MariaDb, Kind::Sqlite], [Kind::Sqlite, Kind::Postgres]];

impl Content {
    /// Whether there is something for a store of this kind.
    pub fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Csv => self.csv.is_some(),
            Kind::Parquet => self.parquet.is_some(),
            _ => self.script(kind).is_some(),
        }
    }

    /// The script for a database.
    pub fn script(&self, kind: Kind) -> Option<&str> {
        let own = match kind {
            Kind::Postgres => &self.postgres,
            Kind::MariaDb => &self.mariadb,
            Kind::Sqlite => &self.sqlite,
            Kind::Parquet | Kind::Csv => return None,
        };
        own.as_ref().or(self.sql.as_ref()).map(String::as_str)
    }
}

impl Literal {
    /// The declared type; none in CSV.
    pub fn declared(&self) -> &str {
        match self {
            Literal::Field(_) => "",
            Literal::Typed([declared, _]) => declared,
        }
    }

    /// The value as it is written; `NULL` is no value.
    pub fn value(&self) -> Option<&str> {
        let (Literal::Field(value) | Literal::Typed([_, value])) = self;
        (value != "NULL").then_some(value)
    }
}
