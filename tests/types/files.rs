//! CSV fields take the type of the other side.

use super::{Case, assert_values};
use crate::binary::Tieout;
use crate::servers::{MariaDb, Postgres};

#[rustfmt::skip] // one line a case
const CSV: &[Case] = &[
    ("month", ["interval", "'1 mon'"], ["", "1 mon", "30 days"], "interval"),
    ("day", ["interval", "'1 day'"], ["", "1 day", "24:00:00"], "interval"),
    ("bits", ["bit(4)", "B'0101'"], ["", "0101", "101"], "bits"),
    ("inet", ["inet", "'10.0.0.1'"], ["", "10.0.0.1/32", "10.0.0.2"], "inet"),
    ("mac", ["macaddr", "'08:00:2b:01:02:03'"], ["", "08002B010203", "08002B010204"], "mac"),
    ("money", ["money", "'12.50'"], ["", "12.5", "12.51"], "decimal"),
    ("nan", ["numeric", "'NaN'"], ["", "NaN", "0"], "decimal"),
    ("infinite", ["numeric(10,2)", "'NaN'"], ["", "nan", "inf"], "decimal(10,2)"),
    ("forever", ["date", "'infinity'"], ["", "infinity", "9999-12-31"], "date"),
    ("never", ["timestamptz", "'-infinity'"], ["", "-infinity", "infinity"], "instant"),
    ("ides", ["date", "'0044-03-15 BC'"], ["", "0044-03-15 BC", "0044-03-15"], "date"),
    ("first", ["timestamptz", "'4713-01-01 00:00:00+00 BC'"], ["", "4713-01-01 02:00:00+02 BC", "4713-01-01 00:00:00+02 BC"], "instant"),
    ("far", ["timestamptz", "'294276-12-31 23:59:59+00'"], ["", "294276-12-31 23:59:59+00", "294276-12-31 23:59:59+01"], "instant"),
    ("extreme", ["date", "'5874897-12-31'"], ["", "5874897-12-31", "5874897-12-30"], "date"),
];

#[rustfmt::skip] // one line a case
const CSV_OF_MARIADB: &[Case] = &[
    ("set", ["SET('a','b')", "'a,b'"], ["", "\"b,a\"", "a"], "set"),
    ("bits", ["BIT(8)", "b'101'"], ["", "5", "4"], "integer"),
    ("inet", ["INET6", "'::1'"], ["", "0:0:0:0:0:0:0:1", "::2"], "inet"),
    ("zero", ["DATE", "'0000-00-00'"], ["", "0000-00-00", "0000-00-01"], "date"),
    ("zero_moment", ["DATETIME", "'0000-00-00 00:00:00'"], ["", "0000-00-00", "0000-00-00 00:00:01"], "timestamp"),
    ("rolled", ["DATETIME(3)", "'2024-02-30 10:00:00.100'"], ["", "2024-02-30T10:00:00.1", "2024-03-01T10:00:00.1"], "timestamp"),
    ("long", ["TIME(6)", "'-100:00:00.5'"], ["", "-100:00:00.5", "100:00:00.5"], "time"),
    ("year", ["YEAR", "2024"], ["", "2024", "2025"], "integer"),
];

fn csv(cases: &[Case]) -> String {
    let names: Vec<String> = cases.iter().map(|case| format!("c_{}", case.0)).collect();
    let row = |id: usize| {
        let values = cases.iter().enumerate().map(|(at, case)| case.2[if at + 1 == id { 2 } else { 1 }]);
        format!("{id},{}\n", values.collect::<Vec<_>>().join(","))
    };
    format!("id,{}\n{}", names.join(","), (0..=cases.len()).map(row).collect::<String>())
}

#[test]
fn postgres_to_csv() {
    let tieout = Tieout::new();
    let postgres = Postgres::shared();
    let source = postgres.url(&postgres.database("types_csv", &super::things(CSV, false)));
    tieout.write("things.csv", csv(CSV));
    assert_values(&tieout, &source, "things.csv", CSV);
}

#[test]
fn mariadb_to_csv() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::shared();
    let script = format!("SET sql_mode = 'ALLOW_INVALID_DATES'; {}", super::things(CSV_OF_MARIADB, false));
    let source = mariadb.url(&mariadb.database("types_csv", &script));
    tieout.write("things.csv", csv(CSV_OF_MARIADB));
    assert_values(&tieout, &source, "things.csv", CSV_OF_MARIADB);
}
