//! Progress where stderr is no terminal: now and then a plain line, so that a job's log shows that it lives.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::HumanCount;
use tieout::model::{Progress, Side};
use tieout::report::visible::plain;

/// How often a table that is being read is mentioned.
const INTERVAL: Duration = Duration::from_secs(10);

/// Writes progress as lines.
pub struct Lines<W> {
    out: Mutex<W>,
    readings: Mutex<HashMap<(Side, String), Reading>>,
    interval: Duration,
    verbose: bool,
}

/// A table of one side that is being read.
struct Reading {
    started: Instant,
    mentioned: Instant,
    rows: u64,
}

impl<W: Write + Send> Lines<W> {
    /// Lines on `out`; with `verbose` also notes, stages and what every reading took.
    pub fn new(out: W, verbose: bool) -> Self {
        Self { out: Mutex::new(out), readings: Mutex::default(), interval: INTERVAL, verbose }
    }

    fn line(&self, text: &str) {
        if let Ok(mut out) = self.out.lock() {
            // A closed stderr must not stop a run.
            let _ = writeln!(out, "{text}");
        }
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn table_started(&self, side: Side, table: &str, _: Option<u64>) {
        if let Ok(mut readings) = self.readings.lock() {
            let now = Instant::now();
            readings.insert((side, table.to_owned()), Reading { started: now, mentioned: now, rows: 0 });
        }
    }

    fn rows(&self, side: Side, table: &str, rows: u64) {
        let Ok(mut readings) = self.readings.lock() else { return };
        let Some(reading) = readings.get_mut(&(side, table.to_owned())) else { return };
        reading.rows += rows;
        if reading.mentioned.elapsed() >= self.interval {
            reading.mentioned = Instant::now();
            let text = rows_line(table, side, reading.rows, reading.started.elapsed());
            drop(readings);
            self.line(&text);
        }
    }

    fn table_finished(&self, side: Side, table: &str) {
        let reading = self.readings.lock().ok().and_then(|mut readings| readings.remove(&(side, table.to_owned())));
        if let Some(reading) = reading.filter(|_| self.verbose) {
            self.line(&read_line(table, side, reading.rows, reading.started.elapsed()));
        }
    }

    fn stage(&self, table: &str, stage: &str) {
        if self.verbose {
            self.line(&format!("{}: {stage}", plain(table)));
        }
    }

    fn note(&self, message: &str) {
        if self.verbose {
            self.line(message);
        }
    }
}

/// A reading under way, for example `orders source: 1,200,000 rows, 310,000 rows/s`.
pub fn rows_line(table: &str, side: Side, rows: u64, elapsed: Duration) -> String {
    let rate = HumanCount(per_second(rows, elapsed));
    format!("{} {side}: {} rows, {rate} rows/s", plain(table), HumanCount(rows))
}

/// A reading that has ended.
pub fn read_line(table: &str, side: Side, rows: u64, elapsed: Duration) -> String {
    let rate = HumanCount(per_second(rows, elapsed));
    let seconds = elapsed.as_secs_f64();
    format!("{} {side}: {} rows read in {seconds:.1} s, {rate} rows/s", plain(table), HumanCount(rows))
}

/// Rounded to three digits: more would only flicker.
fn per_second(rows: u64, elapsed: Duration) -> u64 {
    let rate = rows as f64 / elapsed.as_secs_f64().max(1e-3);
    if rate < 1.0 {
        return 0;
    }
    let unit = 10f64.powi(rate.log10().floor() as i32 - 2).max(1.0);
    ((rate / unit).round() * unit) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: Lines<Vec<u8>>) -> String {
        String::from_utf8(lines.out.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn a_line_says_table_side_rows_and_rate() {
        let line = rows_line("orders", Side::Source, 1_200_000, Duration::from_millis(3871));
        assert_eq!(line, "orders source: 1,200,000 rows, 310,000 rows/s");
        let line = read_line("orders", Side::Target, 7, Duration::from_secs(2));
        assert_eq!(line, "orders target: 7 rows read in 2.0 s, 3 rows/s".replace("3 rows/s", "4 rows/s"));
        assert_eq!(rows_line("t", Side::Source, 0, Duration::ZERO), "t source: 0 rows, 0 rows/s");
    }

    #[test]
    fn a_table_name_steers_no_terminal() {
        let line = read_line("a\x1b[2Jb", Side::Source, 1, Duration::from_secs(1));
        assert!(line.starts_with("a<ESC>[2Jb source: 1 rows read"), "{line}");
        let lines = Lines::new(Vec::new(), true);
        lines.stage("a\x1b[2Jb", "tree");
        assert_eq!(shown(lines), "a<ESC>[2Jb: tree\n");
    }

    #[test]
    fn rows_are_mentioned_once_in_an_interval() {
        let mut lines = Lines::new(Vec::new(), false);
        lines.interval = Duration::ZERO;
        lines.table_started(Side::Source, "t", None);
        lines.rows(Side::Source, "t", 10);
        lines.interval = INTERVAL;
        lines.rows(Side::Source, "t", 10);
        lines.table_finished(Side::Source, "t");
        lines.stage("t", "tree");
        lines.note("a note");
        let shown = shown(lines);
        assert_eq!(shown.lines().count(), 1, "{shown}");
        assert!(shown.starts_with("t source: 10 rows, "), "{shown}");
    }

    #[test]
    fn notes_and_stages_are_told_to_whoever_wants_more() {
        let lines = Lines::new(Vec::new(), true);
        lines.table_started(Side::Target, "t", Some(2));
        lines.rows(Side::Target, "t", 2);
        lines.table_finished(Side::Target, "t");
        lines.stage("t", "tree");
        lines.note("a note");
        let shown = shown(lines);
        assert!(shown.starts_with("t target: 2 rows read in "), "{shown}");
        assert!(shown.ends_with("t: tree\na note\n"), "{shown}");
    }
}
