//! `tieout history`: a line for each run.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::terminal::STYLE;
use super::visible::plain;
use super::words::{self, number};
use crate::model::{RunRecord, Verdict};

/// The runs as a table, the oldest first.
pub fn history_table(runs: &[RunRecord]) -> String {
    if runs.is_empty() {
        return "The history holds no run.\n".into();
    }
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut header: Vec<Cell> = ["started", "run", "verdict"].map(Cell::new).into();
    header.extend(["tables\ncompared", "keys that\ndiffer", "of them\nwaived", "time"].map(|name| right(name.into())));
    header.extend(["config", "stores"].map(Cell::new));
    table.set_header(header);
    for run in runs {
        let mut row = vec![Cell::new(plain(&run.start.started)), Cell::new(plain(&run.start.id))];
        match &run.end {
            None => {
                row.push(Cell::new("broke off"));
                row.extend((0..4).map(|_| right("–".into())));
            }
            Some(end) => {
                let total = |of: fn(&crate::model::TableRecord) -> u64| number(end.tables.iter().map(of).sum());
                row.push(Cell::new(end.verdict.name()));
                row.push(right(format!("{} of {}", end.coverage.tables.compared, end.coverage.tables.existing)));
                row.push(right(total(|table| table.counts.total())));
                row.push(right(total(|table| table.waived.total())));
                row.push(right(words::seconds(end.tables.iter().map(|table| table.seconds).sum())));
            }
        }
        row.push(Cell::new(plain(run.start.config.get(..8).unwrap_or(&run.start.config))));
        row.push(Cell::new(plain(&format!("{} → {}", run.start.stores.source, run.start.stores.target))));
        table.add_row(row);
    }
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    let lines: Vec<String> = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let ends: Vec<Verdict> = runs.iter().filter_map(|run| run.end.as_ref()).map(|end| end.verdict).collect();
    let of = |verdict| ends.iter().filter(|one| **one == verdict).count() as u64;
    format!(
        "{}\n{}: {} match, {} differ, {} undecided, {} without an end\n",
        lines.concat(),
        words::plural(runs.len() as u64, "run"),
        of(Verdict::Match),
        of(Verdict::Differ),
        of(Verdict::Undecided),
        runs.len() - ends.len()
    )
}
