//! Progress drawn on a terminal: a bar for each table and side that is being read, the stage after it as a spinner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tieout::model::{Progress, Side, Silent};
use tieout::report::visible::plain;

use super::args::Talk;
use super::events::Events;
use super::lines::{Lines, read_line};

const KNOWN: &str = "{prefix:.bold} {wide_bar:.cyan/dim} {human_pos}/{human_len} rows  {per_sec}  {eta} left";
const UNKNOWN: &str = "{prefix:.bold} {spinner} {human_pos} rows  {per_sec}";
const STAGE: &str = "{spinner} {msg}";
const TICK: Duration = Duration::from_millis(120);

/// The progress of a command, in the form that suits stderr.
pub struct Display {
    progress: Arc<dyn Progress>,
    bars: Option<Arc<Bars>>,
}

impl Display {
    /// Bars on a terminal, lines elsewhere, nothing for whoever wants quiet.
    pub fn new(talk: Talk) -> Self {
        use std::io::IsTerminal;
        if talk.events() {
            Self { progress: Arc::new(Events::new(std::io::stderr())), bars: None }
        } else if talk.quiet {
            Self { progress: Arc::new(Silent), bars: None }
        } else if std::io::stderr().is_terminal() {
            let bars = Arc::new(Bars::new(ProgressDrawTarget::stderr(), talk.verbose));
            Self { progress: bars.clone(), bars: Some(bars) }
        } else {
            Self { progress: Arc::new(Lines::new(std::io::stderr(), talk.verbose)), bars: None }
        }
    }

    /// Where the library reports to.
    pub fn progress(&self) -> Arc<dyn Progress> {
        self.progress.clone()
    }

    /// Wipes whatever is drawn, before results or errors are printed.
    pub fn finish(&self) {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
    }
}

/// Bars, one for each table and side that is being read.
struct Bars {
    multi: MultiProgress,
    readings: Mutex<HashMap<(Side, String), (ProgressBar, Instant)>>,
    stage: Mutex<Option<ProgressBar>>,
    verbose: bool,
}

impl Bars {
    fn new(target: ProgressDrawTarget, verbose: bool) -> Self {
        let multi = MultiProgress::with_draw_target(target);
        Self { multi, readings: Mutex::default(), stage: Mutex::default(), verbose }
    }

    fn clear(&self) {
        if let Ok(mut readings) = self.readings.lock() {
            readings.drain().for_each(|(_, (bar, _))| bar.finish_and_clear());
        }
        if let Some(stage) = self.stage.lock().ok().and_then(|mut stage| stage.take()) {
            stage.finish_and_clear();
        }
        // What cannot be drawn cannot be wiped either.
        let _ = self.multi.clear();
    }

    fn line(&self, text: &str) {
        let _ = self.multi.println(text);
    }
}

impl Progress for Bars {
    fn table_started(&self, side: Side, table: &str, rows_estimate: Option<u64>) {
        let bar = match rows_estimate.filter(|rows| *rows > 0) {
            Some(rows) => ProgressBar::new(rows).with_style(style(KNOWN)),
            None => ProgressBar::no_length().with_style(style(UNKNOWN)),
        };
        let bar = self.multi.add(bar.with_prefix(format!("{} {side}", plain(table))));
        bar.enable_steady_tick(TICK);
        if let Ok(mut readings) = self.readings.lock() {
            readings.insert((side, table.to_owned()), (bar, Instant::now()));
        }
    }

    fn rows(&self, side: Side, table: &str, rows: u64) {
        let Ok(readings) = self.readings.lock() else { return };
        let Some((bar, _)) = readings.get(&(side, table.to_owned())) else { return };
        let position = bar.position() + rows;
        // The estimate was too low: a bar beyond its end would say that nothing is left.
        if bar.length().is_some_and(|length| position > length) {
            bar.unset_length();
            bar.set_style(style(UNKNOWN));
        }
        bar.set_position(position);
    }

    fn table_finished(&self, side: Side, table: &str) {
        let reading = self.readings.lock().ok().and_then(|mut readings| readings.remove(&(side, table.to_owned())));
        if let Some((bar, started)) = reading {
            bar.finish_and_clear();
            self.multi.remove(&bar);
            if self.verbose {
                self.line(&read_line(table, side, bar.position(), started.elapsed()));
            }
        }
    }

    fn stage(&self, table: &str, stage: &str) {
        let Ok(mut spinner) = self.stage.lock() else { return };
        let spinner = spinner.get_or_insert_with(|| {
            let spinner = self.multi.add(ProgressBar::no_length().with_style(style(STAGE)));
            spinner.enable_steady_tick(TICK);
            spinner
        });
        spinner.set_message(format!("{}: {stage}", plain(table)));
    }

    fn note(&self, message: &str) {
        if self.verbose {
            self.line(message);
        }
    }
}

/// A template of this file; a plain bar where it is broken, which a test rules out.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use indicatif::TermLike;

    use super::*;

    /// A terminal that keeps all it was ever told to show.
    #[derive(Debug, Clone, Default)]
    struct Recorder(Arc<Mutex<String>>);

    impl Recorder {
        fn contents(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl TermLike for Recorder {
        fn width(&self) -> u16 {
            100
        }
        fn height(&self) -> u16 {
            24
        }
        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> std::io::Result<()> {
            self.write_str(text)?;
            self.write_str("\n")
        }
        fn write_str(&self, text: &str) -> std::io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> std::io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn bars(verbose: bool) -> (Bars, Recorder) {
        let terminal = Recorder::default();
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
        (Bars::new(target, verbose), terminal)
    }

    /// Bars are drawn when they change, but not more often than a terminal can show.
    fn settle() {
        std::thread::sleep(Duration::from_millis(300));
    }

    #[test]
    fn every_template_is_understood() {
        for template in [KNOWN, UNKNOWN, STAGE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn tables_being_read_have_a_bar_each_and_leave_nothing_behind() {
        let (bars, terminal) = bars(false);
        bars.table_started(Side::Source, "orders", Some(2000));
        bars.table_started(Side::Target, "orders", None);
        bars.rows(Side::Source, "orders", 1500);
        bars.rows(Side::Target, "orders", 70);
        bars.stage("lines", "tree");
        settle();
        let shown = terminal.contents();
        assert!(shown.contains("orders source") && shown.contains("1,500/2,000 rows"), "{shown}");
        assert!(shown.contains("orders target") && shown.contains("70 rows"), "{shown}");
        assert!(shown.contains("lines: tree"), "{shown}");
        bars.table_finished(Side::Source, "orders");
        bars.clear();
        assert!(bars.readings.lock().unwrap().is_empty() && bars.stage.lock().unwrap().is_none());
    }

    #[test]
    fn more_rows_than_estimated_are_no_full_bar() {
        let (bars, terminal) = bars(false);
        bars.table_started(Side::Source, "t", Some(10));
        bars.rows(Side::Source, "t", 25);
        settle();
        let shown = terminal.contents();
        assert!(shown.contains("25 rows") && !shown.contains("25/10"), "{shown}");
    }

    #[test]
    fn what_a_reading_took_stays_on_the_screen_for_whoever_wants_more() {
        let (bars, terminal) = bars(true);
        bars.table_started(Side::Source, "t", None);
        bars.rows(Side::Source, "t", 5);
        bars.table_finished(Side::Source, "t");
        bars.note("a note");
        bars.clear();
        let shown = terminal.contents();
        assert!(shown.contains("t source: 5 rows read in") && shown.contains("a note"), "{shown}");
    }
}
