//! The JSON schema of the config, for editors.

use schemars::generate::SchemaSettings;

use super::shape::WrittenFile;

/// The schema as text, with a line break at its end.
pub fn json_schema() -> String {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<WrittenFile>();
    // A value of plain strings, numbers and lists is always JSON.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_the_one_of_this_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tieout.schema.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let help = "write it anew: tieout init --json-schema > docs/tieout.schema.json";
        assert!(committed == json_schema(), "docs/tieout.schema.json is not current; {help}");
    }
}
