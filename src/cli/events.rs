//! Progress as events for programs: one JSON object a line, as `docs/progress.md` describes them.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use tieout::error::Error;
use tieout::model::{Progress, Side, Summary};

use super::errors;

/// The format of the events, which the first of them states.
const FORMAT: &str = "tieout-progress/1";
/// How often the rows of a table that is being read are told.
const INTERVAL: Duration = Duration::from_secs(1);

/// Writes progress as events.
pub struct Events<W> {
    out: Mutex<W>,
    readings: Mutex<HashMap<(Side, String), Reading>>,
    interval: Duration,
}

/// A table of one side that is being read.
struct Reading {
    started: Instant,
    told: Instant,
    rows: u64,
}

impl<W: Write + Send> Events<W> {
    /// Events on `out`, beginning with `started`.
    pub fn new(out: W) -> Self {
        let events = Self { out: Mutex::new(out), readings: Mutex::default(), interval: INTERVAL };
        events.tell("started", json!({"format": FORMAT, "version": env!("CARGO_PKG_VERSION")}));
        events
    }

    fn tell(&self, event: &str, fields: Value) {
        if let Ok(mut out) = self.out.lock() {
            write(&mut *out, event, fields);
        }
    }
}

impl<W: Write + Send> Progress for Events<W> {
    fn table_started(&self, side: Side, table: &str, rows_estimate: Option<u64>) {
        if let Ok(mut readings) = self.readings.lock() {
            let now = Instant::now();
            readings.insert((side, table.to_owned()), Reading { started: now, told: now, rows: 0 });
        }
        self.tell("table_started", json!({"table": table, "side": side, "rows_estimate": rows_estimate}));
    }

    fn rows(&self, side: Side, table: &str, rows: u64) {
        let Ok(mut readings) = self.readings.lock() else { return };
        let Some(reading) = readings.get_mut(&(side, table.to_owned())) else { return };
        reading.rows += rows;
        if reading.told.elapsed() >= self.interval {
            reading.told = Instant::now();
            let rows = reading.rows;
            drop(readings);
            self.tell("rows", json!({"table": table, "side": side, "rows": rows}));
        }
    }

    fn table_finished(&self, side: Side, table: &str) {
        let reading = self.readings.lock().ok().and_then(|mut readings| readings.remove(&(side, table.to_owned())));
        if let Some(reading) = reading {
            // Milliseconds are as exact as a program needs them.
            let seconds = (reading.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
            let fields = json!({"table": table, "side": side, "rows": reading.rows, "seconds": seconds});
            self.tell("table_finished", fields);
        }
    }

    fn stage(&self, table: &str, stage: &str) {
        self.tell("stage", json!({"table": table, "stage": stage}));
    }

    fn note(&self, message: &str) {
        self.tell("note", json!({"message": message}));
    }
}

/// Tells an error on stderr.
pub fn error(error: &Error) {
    let fields = json!({
        "message": error.to_string(), "hint": error.advice(), "exit_code": errors::exit_code(error.kind()),
    });
    write(&mut std::io::stderr(), "error", fields);
}

/// Tells the end of a run on stderr.
pub fn finished(summary: &Summary, directory: &Path) {
    let fields = json!({
        "run": summary.run.id, "verdict": summary.verdict, "exit_code": summary.exit_code,
        "directory": directory.display().to_string(),
    });
    write(&mut std::io::stderr(), "finished", fields);
}

/// Writes one line at once, so that threads and processes that share the stream do not tear it.
fn write(out: &mut impl Write, event: &str, fields: Value) {
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut line = json!({"event": event, "time": time});
    if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
        line.extend(fields);
    }
    // A closed stderr must not stop a run.
    let _ = out.write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_object_and_rows_are_told_in_sum() {
        let mut events = Events::new(Vec::new());
        events.interval = Duration::ZERO;
        events.table_started(Side::Source, "a\n\"b\"\u{1b}", Some(5));
        events.rows(Side::Source, "a\n\"b\"\u{1b}", 2);
        events.rows(Side::Source, "a\n\"b\"\u{1b}", 3);
        events.table_finished(Side::Source, "a\n\"b\"\u{1b}");
        events.stage("t", "tree");
        events.note("a note");
        let text = String::from_utf8(events.out.into_inner().unwrap()).unwrap();
        assert!(!text.contains('\u{1b}'), "control characters are escaped");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let names: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["started", "table_started", "rows", "rows", "table_finished", "stage", "note"]);
        assert_eq!(lines[0]["format"], FORMAT);
        assert_eq!((&lines[2]["rows"], &lines[3]["rows"], &lines[4]["rows"]), (&2.into(), &5.into(), &5.into()));
        assert_eq!(lines[4]["table"], "a\n\"b\"\u{1b}");
        assert!(lines.iter().all(|line| line["time"].as_str().unwrap().ends_with('Z')));
    }
}
