//! An application that writes every change to two stores, first to one and up to some seconds later to the other, and now and
//! then loses one of the two writes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

/// How often the writer looks what is due.
const TICK: Duration = Duration::from_millis(10);

/// The table that is written to, in both dialects; the ids `1..=rows` are there from the start.
pub fn table(rows: u64, mysql: bool) -> String {
    if mysql {
        format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, amount decimal(12,2), note varchar(60), version bigint, changed timestamp(6) NULL);
             SET time_zone = '+00:00';
             INSERT INTO t SELECT seq, seq / 4, CONCAT('row ', seq), 0, '2026-01-01 00:00:00' FROM seq_1_to_{rows};"
        )
    } else {
        format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, amount numeric(12,2), note text, version bigint, changed timestamptz);
             SET TimeZone = 'UTC';
             INSERT INTO t SELECT i, i / 4.0, 'row ' || i, 0, '2026-01-01 00:00:00' FROM generate_series(1, {rows}) i;"
        )
    }
}

/// What a change does to a row.
#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    /// The row becomes this version.
    Put(u64),
    /// The row goes.
    Remove,
}

/// A change that is due at one store.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Due {
    at: Duration,
    order: u64,
    id: u64,
    what: What,
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// A generator of random numbers that gives the same ones for the same seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below another.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

enum Link {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Link {
    async fn open(url: &str) -> Self {
        if url.starts_with("mysql") {
            let mut connection = MySqlConnection::connect(url).await.expect("MariaDB answers");
            connection.execute("SET time_zone = '+00:00'").await.expect("a zone");
            Link::Mysql(connection)
        } else {
            Link::Postgres(PgConnection::connect(url).await.expect("PostgreSQL answers"))
        }
    }

    async fn run(&mut self, sql: String) {
        match self {
            Link::Postgres(one) => one.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop),
            Link::Mysql(one) => one.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop),
        }
        .expect("a write");
    }

    /// Applies changes to different rows, in two statements.
    async fn apply(&mut self, changes: &[Due]) {
        let (mut puts, mut removed) = (Vec::new(), Vec::new());
        for change in changes {
            match change.what {
                What::Put(version) => puts.push(row(change.id, version)),
                What::Remove => removed.push(change.id.to_string()),
            }
        }
        if !puts.is_empty() {
            let (puts, columns) = (puts.join(", "), "(id, amount, note, version, changed)");
            self.run(match self {
                Link::Postgres(_) => format!(
                    "INSERT INTO t {columns} VALUES {puts} ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, \
                     note = excluded.note, version = excluded.version, changed = excluded.changed"
                ),
                Link::Mysql(_) => format!(
                    "INSERT INTO t {columns} VALUES {puts} ON DUPLICATE KEY UPDATE amount = VALUES(amount), \
                     note = VALUES(note), version = VALUES(version), changed = VALUES(changed)"
                ),
            })
            .await;
        }
        if !removed.is_empty() {
            self.run(format!("DELETE FROM t WHERE id IN ({})", removed.join(", "))).await;
        }
    }
}

/// A version of a row: the same content on both sides.
fn row(id: u64, version: u64) -> String {
    let seconds = version % 60;
    format!(
        "({id}, {}, 'row {id} version {version}', {version}, '2026-02-01 00:00:{seconds:02}')",
        (id + version) % 1_000_000
    )
}

/// A store's changes that are not due yet.
struct Queue {
    link: Link,
    due: BinaryHeap<Reverse<Due>>,
    /// When the last change of each row is due: changes of a row arrive in their order.
    last: HashMap<u64, Duration>,
}

impl Queue {
    fn push(&mut self, mut due: Due) {
        let last = self.last.entry(due.id).or_default();
        due.at = due.at.max(*last);
        *last = due.at;
        self.due.push(Reverse(due));
    }

    /// Applies what is due; a row that changes twice is written twice. How late the latest was.
    async fn apply(&mut self, now: Duration) -> Duration {
        let mut batch: Vec<Due> = Vec::new();
        let mut ids = HashSet::new();
        let mut late = Duration::ZERO;
        while let Some(Reverse(next)) = self.due.peek().copied() {
            if next.at > now {
                break;
            }
            self.due.pop();
            late = late.max(now - next.at);
            if !ids.insert(next.id) {
                self.link.apply(&batch).await;
                batch.clear();
                ids = HashSet::from([next.id]);
            }
            batch.push(next);
        }
        self.link.apply(&batch).await;
        late
    }
}

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Rows changed a second, each on both sides.
    pub rows_per_second: u64,
    /// The ids that there are: 1 up to this one. Some rows come and go.
    pub rows: u64,
    /// The second store gets a change up to so much later.
    pub lag_max: Duration,
    /// What is written follows from it.
    pub seed: u64,
}

/// The application at work, until it is dropped.
pub struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    late_millis: Arc<AtomicU64>,
    begun: Instant,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts to write to two stores, and leaves the rows in `spared` alone.
    pub fn start(source: String, target: String, load: Load, spared: HashSet<u64>) -> Self {
        let (stop, written, late_millis) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let of_thread = (stop.clone(), written.clone(), late_millis.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(write([source, target], load, &spared, of_thread));
        });
        Self { stop, written, late_millis, begun: Instant::now(), thread: Some(thread) }
    }

    /// Rows changed a second so far, on each side.
    pub fn rate(&self) -> f64 {
        self.written.load(Ordering::SeqCst) as f64 / self.begun.elapsed().as_secs_f64()
    }

    /// By how much a write was later than it was to be, at most.
    pub fn late(&self) -> Duration {
        Duration::from_millis(self.late_millis.load(Ordering::SeqCst))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().expect("a thread").join();
        if !std::thread::panicking() {
            ended.expect("the writer wrote until it was told to stop");
        }
    }
}

async fn write(
    urls: [String; 2],
    load: Load,
    spared: &HashSet<u64>,
    (stop, written, late_millis): (Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>),
) {
    let mut queues = Vec::new();
    for url in &urls {
        queues.push(Queue { link: Link::open(url).await, due: BinaryHeap::new(), last: HashMap::new() });
    }
    let mut random = Random(load.seed);
    let (begun, mut made) = (Instant::now(), 0);
    while !stop.load(Ordering::SeqCst) {
        let now = begun.elapsed();
        let due = (now.as_secs_f64() * load.rows_per_second as f64) as u64;
        while made < due {
            made += 1;
            let id = 1 + random.below(load.rows);
            if spared.contains(&id) {
                continue;
            }
            let what = if random.below(10) == 0 { What::Remove } else { What::Put(made) };
            // Half of the changes go to the target first.
            let first = random.below(2) as usize;
            let lag = Duration::from_micros(random.below(load.lag_max.as_micros() as u64 + 1));
            let change = Due { at: now, order: made, id, what };
            queues[first].push(change);
            queues[1 - first].push(Due { at: now + lag, ..change });
        }
        let [source, target] = &mut queues[..] else { unreachable!("two stores") };
        let late = tokio::join!(source.apply(now), target.apply(now));
        let late = late.0.max(late.1).max(begun.elapsed() - now);
        late_millis.fetch_max(late.as_millis() as u64, Ordering::SeqCst);
        written.store(made, Ordering::SeqCst);
        tokio::time::sleep(TICK).await;
    }
    // What is under way arrives, so that the stores come to rest in the same state.
    for queue in &mut queues {
        queue.apply(Duration::MAX).await;
    }
}
