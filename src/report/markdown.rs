//! The summary as Markdown, for the page of a job: verdict, a line for each table that needs attention, what ails it.

use super::moving;
use super::visible::plain;
use super::words::{self, number, number_or_dash, plural, shorten};
use crate::model::{Class, Summary, TableResult, Verdict};

/// Tables that get a line; GitHub cuts a summary at 1 MiB.
const TABLES_LISTED_MAX: usize = 100;
/// Tables whose troubles are told.
const TABLES_TOLD_MAX: usize = 30;
/// Corrupt columns named of a table.
const COLUMNS_TOLD_MAX: usize = 5;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;
/// Characters of a reason.
const TEXT_CHARS_MAX: usize = 500;

/// The summary as GitHub-flavoured Markdown.
pub fn summary_markdown(summary: &Summary) -> String {
    let mut order: Vec<&TableResult> = summary.tables.iter().collect();
    // Stable: within a verdict the tables stay in their order.
    order.sort_by_key(|table| std::cmp::Reverse(table.verdict));
    let mut text = format!("### tieout: {}\n\n", words::headline(summary));
    let explanation = words::explanation(summary);
    if !explanation.is_empty() {
        text += &format!("{}\n\n", literal(&explanation));
    }
    for (role, store) in [("Source", &summary.source), ("Target", &summary.target)] {
        text += &format!("- {role}: {} {}\n", store.identity.kind.name(), literal(&store.identity.url));
    }
    let run = &summary.run;
    text += &format!(
        "- Run {}, {} to {}, tieout {}\n",
        literal(&run.id),
        literal(&run.started),
        literal(&run.finished),
        literal(&run.version)
    );
    if !order.is_empty() {
        text +=
            "\n| table | rows in the source | in the target | missing | unexpected | duplicate | corrupt | verdict |\n";
        text += "|---|--:|--:|--:|--:|--:|--:|---|\n";
        order.iter().take(TABLES_LISTED_MAX).for_each(|table| text += &line(table));
        if order.len() > TABLES_LISTED_MAX {
            text += &format!(
                "\n… and {}: see report.html\n",
                plural((order.len() - TABLES_LISTED_MAX) as u64, "more table")
            );
        }
    }
    let troubled: Vec<(&TableResult, Vec<String>)> =
        order.iter().map(|table| (*table, troubles(table))).filter(|(_, troubles)| !troubles.is_empty()).collect();
    if !troubled.is_empty() {
        text.push('\n');
    }
    for (table, troubles) in troubled.iter().take(TABLES_TOLD_MAX) {
        text += &format!("- **{}**: {}\n", name(&table.name), troubles.join("; "));
    }
    if troubled.len() > TABLES_TOLD_MAX {
        text += &format!("- … and {}\n", plural((troubled.len() - TABLES_TOLD_MAX) as u64, "more table"));
    }
    text.push('\n');
    text
}

fn line(table: &TableResult) -> String {
    let counts: Vec<String> =
        Class::ALL.iter().map(|class| number_or_dash(words::known_count(table, *class))).collect();
    let verdict = match table.verdict {
        Verdict::Match => "match".to_owned(),
        other => format!("**{}**", other.name()),
    };
    let rows = table.rows.map(number_or_dash);
    format!("| {} | {} | {} | {} | {verdict} |\n", name(&table.name), rows.source, rows.target, counts.join(" | "))
}

/// What ails a table.
fn troubles(table: &TableResult) -> Vec<String> {
    let mut troubles: Vec<String> =
        table.reason.iter().map(|reason| literal(&shorten(reason, TEXT_CHARS_MAX))).collect();
    let columns = words::corrupt_columns(table);
    if !columns.is_empty() {
        let told = columns.iter().take(COLUMNS_TOLD_MAX);
        let mut told =
            told.map(|(column, corrupt)| format!("{} ({})", name(column), number(*corrupt))).collect::<Vec<_>>();
        if columns.len() > COLUMNS_TOLD_MAX {
            told.push(plural((columns.len() - COLUMNS_TOLD_MAX) as u64, "more column"));
        }
        troubles.push(format!("corrupt in {}", told.join(", ")));
    }
    if table.verdict != Verdict::Match {
        troubles.extend(moving::of_table(table).map(|told| literal(&shorten(&told, TEXT_CHARS_MAX))));
    }
    troubles
}

fn name(name: &str) -> String {
    literal(&shorten(name, NAME_CHARS_MAX))
}

/// A text of which Markdown takes nothing for its own: what could be a sign of it is written as an entity.
fn literal(text: &str) -> String {
    let mut literal = String::new();
    for character in plain(text).chars() {
        match character {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '@' | ':' | '!'
            | '$' => {
                literal.push_str(&format!("&#{};", u32::from(character)));
            }
            other => literal.push(other),
        }
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn a_matching_run_is_a_headline_and_a_table() {
        let text = summary_markdown(&example::matching());
        assert!(
            text.starts_with("### tieout: The two stores hold the same data\n\n2 tables with 20,000 rows"),
            "{text}"
        );
        assert!(text.contains("| albums | 10,000 | 10,000 | 0 | 0 | 0 | 0 | match |\n"), "{text}");
        assert!(!text.contains("**"), "nothing needs attention: {text}");
    }

    #[test]
    fn tables_that_need_attention_come_first_with_what_ails_them() {
        let text = summary_markdown(&example::summary());
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in\n{text}"));
        assert!(at("| orders |") < at("| events |") && at("| events |") < at("| albums |"));
        assert!(text.contains("| events | – | 480,231 | – | – | – | – | **undecided** |"), "{text}");
        assert!(at("- **orders**: corrupt in created&#95;at (1,236,801)") > at("| albums |"));
        assert!(text.contains("connection reset by peer"), "{text}");
    }

    #[test]
    fn nothing_of_the_data_becomes_markdown_or_html() {
        let mut summary = example::summary();
        for table in &mut summary.tables {
            table.name = "a|b\n\n# <img src=x onerror=alert(1)> [x](http://evil) @all `c` \u{1b}[2J".into();
            table.reason = Some("<script>alert(1)</script>\n| x | y |".into());
        }
        summary.reason = Some("**bold** <b>".into());
        let text = summary_markdown(&summary);
        assert!(!text.contains(['<', '@', '`', '\u{1b}']) && !text.contains("](") && !text.contains("http:"), "{text}");
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.iter().all(|row| row.matches('|').count() == 9), "{rows:#?}");
    }

    #[test]
    fn ten_thousand_tables_stay_far_below_what_github_takes() {
        let mut summary = example::matching();
        summary.tables = (0..10_000).map(|i| example::table(&format!("{}{i}", "t".repeat(500)))).collect();
        summary.tables.iter_mut().for_each(|t| (t.verdict, t.reason) = (Verdict::Undecided, Some("&".repeat(9000))));
        let text = summary_markdown(&summary);
        assert!(text.len() < 256 << 10, "{}", text.len());
        assert!(text.contains("and 9,900 more tables") && text.contains("and 9,970 more tables"), "{text}");
    }
}
