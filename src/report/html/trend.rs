//! The trend of a table over the runs of the history, as bars that the template draws as inline SVG.

use chrono::DateTime;
use serde::Serialize;

use super::page::line;
use crate::report::trend::TrendPoint;
use crate::report::words::{self, number, plural};

/// Runs shown: the newest.
const RUNS_MAX: usize = 60;
/// The height of a drawing, and the width of one run in it.
const HEIGHT: f64 = 60.0;
const STEP: usize = 10;

/// The trend of a table: how many keys differed and how long it took, run by run.
#[derive(Debug, Serialize)]
pub struct TrendView {
    caption: String,
    width: usize,
    charts: [Chart; 2],
    runs: Vec<RunView>,
}

#[derive(Debug, Serialize)]
struct Chart {
    label: &'static str,
    most: String,
    bars: Vec<Bar>,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: usize,
    y: String,
    height: String,
    verdict: &'static str,
    title: String,
}

#[derive(Debug, Serialize)]
struct RunView {
    started: String,
    verdict: &'static str,
    differences: String,
    seconds: String,
}

/// The trend; `None` where there are fewer than two runs.
pub fn trend_view(points: &[TrendPoint]) -> Option<TrendView> {
    if points.len() < 2 {
        return None;
    }
    let points = &points[points.len().saturating_sub(RUNS_MAX)..];
    let runs: Vec<RunView> = points.iter().map(RunView::new).collect();
    let most_keys = points.iter().map(|point| point.differences).max().unwrap_or(0);
    let most_seconds = points.iter().map(|point| point.seconds).filter(|s| s.is_finite()).fold(0.0, f64::max);
    let keys = points.iter().map(|point| share(point.differences as f64, most_keys as f64));
    let seconds = points.iter().map(|point| share(point.seconds, most_seconds));
    let differing = points.iter().filter(|point| point.differences > 0).count();
    Some(TrendView {
        caption: format!("{}, {} with differences", plural(points.len() as u64, "run"), number(differing as u64)),
        width: points.len() * STEP,
        charts: [
            Chart { label: "Keys that differ", most: number(most_keys), bars: bars(points, &runs, keys) },
            Chart { label: "Time", most: words::seconds(most_seconds), bars: bars(points, &runs, seconds) },
        ],
        runs,
    })
}

impl RunView {
    fn new(point: &TrendPoint) -> Self {
        let started = DateTime::parse_from_rfc3339(&point.started);
        Self {
            started: started
                .map_or_else(|_| line(&point.started), |m| m.to_utc().format("%Y-%m-%d %H:%M UTC").to_string()),
            verdict: point.verdict.name(),
            differences: number(point.differences),
            seconds: words::seconds(point.seconds),
        }
    }
}

fn bars(points: &[TrendPoint], runs: &[RunView], shares: impl Iterator<Item = f64>) -> Vec<Bar> {
    let bar = |(at, ((point, run), share)): (usize, ((&TrendPoint, &RunView), f64))| {
        // What is there is seen, however little it is.
        let height = if share > 0.0 { (share * HEIGHT).max(2.0) } else { 1.0 };
        Bar {
            x: at * STEP,
            y: format!("{:.1}", HEIGHT - height),
            height: format!("{height:.1}"),
            verdict: point.verdict.name(),
            title: format!("{}: {}, {} keys differ, {}", run.started, run.verdict, run.differences, run.seconds),
        }
    };
    points.iter().zip(runs).zip(shares).enumerate().map(bar).collect()
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 && part.is_finite() { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;

    fn point(day: usize, differences: u64) -> TrendPoint {
        let started = format!("2025-11-{:02}T02:00:00Z", day % 28 + 1);
        let verdict = if differences > 0 { Verdict::Differ } else { Verdict::Match };
        TrendPoint { started, differences, seconds: 12.5, verdict }
    }

    #[test]
    fn every_run_is_a_bar_and_small_ones_can_be_seen() {
        let view = trend_view(&[point(0, 0), point(1, 1_000_000), point(2, 1)]).unwrap();
        let heights: Vec<_> = view.charts[0].bars.iter().map(|bar| bar.height.as_str()).collect();
        assert_eq!(heights, ["1.0", "60.0", "2.0"]);
        assert_eq!(view.caption, "3 runs, 2 with differences");
        assert_eq!(view.charts[0].bars[1].title, "2025-11-02 02:00 UTC: differ, 1,000,000 keys differ, 12 s");
    }

    #[test]
    fn one_run_is_no_trend_and_many_are_bounded() {
        assert!(trend_view(&[point(0, 0)]).is_none());
        let many: Vec<_> = (0..1000).map(|day| point(day, 1)).collect();
        assert_eq!(trend_view(&many).unwrap().runs.len(), RUNS_MAX);
    }
}
