//! `summary.json`: the result for programs, to the letter of INTERFACE.md.

use crate::error::{Error, Result};
use crate::model::Summary;

/// The summary as indented JSON with a line end.
pub fn summary_json(summary: &Summary) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(summary).map_err(|e| Error::output("cannot write the summary as JSON").because(e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::example;

    fn names(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_summary_has_the_fields_that_were_promised() {
        let value: Value = serde_json::from_slice(&summary_json(&example::summary()).unwrap()).unwrap();
        let top = [
            "format",
            "run",
            "source",
            "target",
            "verdict",
            "exit_code",
            "reason",
            "causes",
            "coverage",
            "limits",
            "waivers",
            "tables",
        ];
        assert_eq!(names(&value), top);
        assert_eq!(
            names(&value["run"]),
            ["id", "started", "finished", "version", "mode", "sample", "seed", "consistency"]
        );
        assert_eq!(names(&value["source"]), ["store", "url", "consistency"]);
        let table = &value["tables"][0];
        let fields = [
            "name",
            "source",
            "target",
            "verdict",
            "reason",
            "key",
            "rows",
            "missing",
            "unexpected",
            "duplicate",
            "corrupt",
            "causes",
            "columns",
            "findings",
            "schema",
            "ranges",
            "seconds",
        ];
        assert_eq!(names(table), fields);
        let orders = value["tables"].as_array().unwrap().iter().find(|table| table["name"] == "orders").unwrap();
        let fields = ["table", "kind", "column", "rows", "cells", "exact", "share", "sentence", "rule", "example"];
        assert_eq!(names(&orders["causes"][0]), fields);
        assert_eq!(names(&orders["causes"][0]["example"]), ["key", "last_key", "source", "target"]);
        assert_eq!(names(&value["causes"][0]), fields);
        assert_eq!(names(&table["columns"][0]), ["name", "target", "status", "compared_as", "corrupt", "findings"]);
        assert_eq!(names(&table["rows"]), ["source", "target"]);
        assert_eq!(names(&table["ranges"]), ["total", "mismatched"]);
        assert_eq!(names(&table["seconds"]), ["snapshot", "tree", "diff"]);
    }

    #[test]
    fn what_is_unknown_is_null_and_not_left_out() {
        let value: Value = serde_json::from_slice(&summary_json(&example::summary()).unwrap()).unwrap();
        assert_eq!(value["run"]["sample"], Value::Null);
        assert_eq!(value["reason"], Value::Null);
        let one_sided = value["tables"].as_array().unwrap().iter().find(|t| t["target"].is_null()).unwrap();
        assert_eq!(one_sided["rows"], json!({"source": null, "target": null}));
        assert_eq!(value["format"], "tieout-summary/1");
    }

    #[test]
    fn the_summary_can_be_read_back() {
        let summary = example::summary();
        let bytes = summary_json(&summary).unwrap();
        assert_eq!(bytes.last(), Some(&b'\n'));
        assert_eq!(serde_json::from_slice::<Summary>(&bytes).unwrap(), summary);
    }
}
