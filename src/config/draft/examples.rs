//! Every rule of the config once, as a commented example at the end of a draft.

/// The examples. Without their `# ` they are the end of a valid config.
pub const EXAMPLES: &str = r##"
# Rules, as examples to copy: docs/config.md explains them. What a rule makes equal is equal in every digest; each rule is
# shown beside its column in the report. (Shown here under [defaults], where they hold for the columns of all tables that
# bear the name; under [[tables]] they are written as [[tables.columns]].)
#
#   all_tables = true                          # at the top: the tables that are not listed are compared, too
#
#   [defaults]                                 # for every table
#   ignore = ["etl_*"]
#   [groups.audit]                             # for tables by name or pattern, or by use = ["audit"]
#   tables = ["audit_*", "*_log"]
#   ignore = ["loaded_at"]
#
#   [[defaults.columns]]
#   source = "example_renamed"
#   target = "its_name_in_the_target"
#   [[defaults.columns]]
#   source = "example_ignored"
#   ignore = "filled by a trigger in the target"
#   [[defaults.columns]]
#   source = "example_name"
#   source_expr = "first_name || ' ' || last_name"   # or target_expr; SQL over that side's columns
#   [[defaults.columns]]
#   source = "example_text"
#   trim = "right"                             # both, left, right; unicode
#   case = "ignore"
#   unicode = "nfc"                            # nfkc
#   eol = "lf"
#   null_is = ""                               # or 0, or ["", "n/a"]
#   [[defaults.columns]]
#   source = "example_amount"
#   scale = 2
#   round = "half_up"                          # half_even, truncate
#   [[defaults.columns]]
#   source = "example_measure"
#   tolerance = { abs = 0.001, rel = 1e-9, ulp = 4 }   # any of these
#   [[defaults.columns]]
#   source = "example_*_at"
#   precision = "s"                            # ms, us
#   round = "truncate"
#   time_zone = "Europe/Berlin"
#   ambiguous = "earliest"                     # latest
#   zero_date = "null"                         # or a date
#   infinity = "max"                           # or a date
#   [[defaults.columns]]
#   source = "example_seconds"
#   epoch = "s"                                # ms, us, ns
#   [[defaults.columns]]
#   source = "example_document"
#   json = true
#   [[defaults.columns]]
#   source = "example_uuid"
#   uuid = "swapped"                           # true
#   [[defaults.columns]]
#   source = "example_flag"
#   bool = { true = ["Y", "yes"], false = ["N", "no"] }
#   [[defaults.columns]]
#   source = "example_tags"
#   set = true                                 # or what stands between the members: ";"
#   [[defaults.columns]]
#   source = "example_bytes"
#   binary = "hex"                             # base64
"##;
