//! The part of JSON Schema that `docs/summary.schema.json` uses, checked strictly: a property that the schema does not
//! list is a fault too, so that the published schema cannot fall behind the summaries.

use serde_json::Value;

/// What of `value` is not as the schema says, each with its place.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, schema, value, "summary", &mut faults);
    faults
}

fn check(root: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    let schema = schema.as_object().expect("a schema is an object");
    for (keyword, rule) in schema {
        let holds = match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" | "format" => true,
            "$ref" => {
                let path =
                    rule.as_str().and_then(|path| path.strip_prefix('#')).expect("a reference within the schema");
                check(root, root.pointer(path).expect("what is referred to"), value, place, faults);
                true
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|one| is_of(one, value)),
                one => is_of(one, value),
            },
            "const" => rule == value,
            "enum" => rule.as_array().expect("choices").contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().expect("a number")),
            "required" => {
                for name in rule.as_array().expect("names").iter().filter_map(Value::as_str) {
                    if value.is_object() && value.get(name).is_none() {
                        faults.push(format!("{place} has no {name}"));
                    }
                }
                true
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    match rule.get(name) {
                        Some(rule) => check(root, rule, inner, &format!("{place}.{name}"), faults),
                        None => faults.push(format!("{place}.{name} is not in the schema")),
                    }
                }
                true
            }
            "items" => {
                for (at, inner) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, inner, &format!("{place}[{at}]"), faults);
                }
                true
            }
            other => panic!("the schema uses {other}, which this check does not know"),
        };
        if !holds {
            faults.push(format!("{place} is {value}, against {keyword} {rule}"));
        }
    }
}

fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("the name of a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("the schema uses the type {other}, which this check does not know"),
    }
}

#[test]
fn the_check_finds_what_is_wrong() {
    let schema: Value = serde_json::from_str(
        r##"{"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"enum": ["x", null]},
            "c": {"type": "array", "items": {"type": ["string", "null"]}}}, "$defs": {"n": {"type": "integer", "minimum": 0}}}"##,
    )
    .expect("JSON");
    let faults = |text: &str| faults(&schema, &serde_json::from_str(text).expect("JSON")).len();
    assert_eq!(faults(r#"{"a": 1, "b": null, "c": ["x", null]}"#), 0);
    for wrong in [
        r#"{}"#,
        r#"{"a": -1}"#,
        r#"{"a": "1"}"#,
        r#"{"a": 1, "b": "y"}"#,
        r#"{"a": 1, "c": [1]}"#,
        r#"{"a": 1, "d": 1}"#,
        "[]",
    ] {
        assert_eq!(faults(wrong), 1, "{wrong}");
    }
}
