//! Property tests: the pipeline's differences are those of a naive comparison in memory, whatever the data, the damage,
//! the order of the rows, the number of workers and the size of the ranges.

mod encodings;
mod naive;
mod pipeline;
mod tables;

use proptest::prelude::*;
use tables::Case;

proptest! {
    // Each case runs the whole pipeline several times over real Parquet files.
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_pipeline_finds_what_a_naive_comparison_finds(case in tables::case()) {
        let found = pipeline::differences(&case, &pipeline::Way::default());
        let expected = naive::differences(&case);
        prop_assert_eq!(&found.lines, &expected, "case: {:?}", case);
    }

    #[test]
    fn neither_workers_nor_ranges_nor_order_nor_files_change_a_byte(case in tables::case(), seed in any::<u64>()) {
        let first = pipeline::differences(&case, &pipeline::Way::default());
        for way in [
            pipeline::Way { workers: 4, ..Default::default() },
            pipeline::Way { rows_per_range: 1, ..Default::default() },
            pipeline::Way { rows_per_range: 65_536, files: 3, ..Default::default() },
            pipeline::Way { shuffle: Some(seed), files: 2, rows_per_range: 4, ..Default::default() },
        ] {
            let other = pipeline::differences(&case, &way);
            prop_assert_eq!(&first.csv, &other.csv, "{:?} of {:?}", way, case);
            prop_assert_eq!(first.verdict, other.verdict);
        }
    }
}

/// Found by the property above: of two spellings of one key, the one that was read first was shown.
#[test]
fn of_two_spellings_of_one_key_the_same_is_shown_in_whatever_order_they_are_read() {
    let row = |key: f64| vec![Some(tables::Value::Float(key)), Some(tables::Value::Bool(true))];
    let mut case = Case {
        types: vec![tables::Type::Float, tables::Type::Bool],
        key: 1,
        source: vec![row(0.0), row(-0.0)],
        target: vec![row(0.0)],
    };
    let first = pipeline::differences(&case, &pipeline::Way::default()).csv;
    case.source.reverse();
    assert_eq!(first, pipeline::differences(&case, &pipeline::Way::default()).csv);
}

#[test]
fn a_table_equals_itself_and_an_empty_table_equals_an_empty_one() {
    for rows in [0, 1, 700] {
        let case = Case::plain(rows);
        let found = pipeline::differences(&case, &pipeline::Way::default());
        assert_eq!(found.lines, naive::differences(&case));
        assert!(found.lines.is_empty());
        assert_eq!(found.verdict, tieout::model::Verdict::Match);
    }
}

#[test]
fn the_only_difference_of_a_hundred_thousand_rows_is_found_wherever_it_is() {
    for at in [0, 1, 511, 512, 50_000, 99_999] {
        let mut case = Case::plain(100_000);
        case.target[at][1] = Some(tables::Value::Text("changed".into()));
        let found = pipeline::differences(&case, &pipeline::Way::default());
        assert_eq!(found.lines, naive::differences(&case), "row {at}");
        assert_eq!(found.lines.len(), 1);
    }
}
