//! Rows of MariaDB come over a lane of our own where the session is not encrypted, else over the driver: the same rows.

use crate::binary::Tieout;
use crate::servers::MariaDb;

/// All types with their ends and NULL; rows of a megabyte; one of more than 16 MiB, which spans several packets; zero
/// dates; no row at all. MyISAM, because InnoDB's log limits the size of a value.
const TABLES: &str = "SET sql_mode = 'ALLOW_INVALID_DATES,ERROR_FOR_DIVISION_BY_ZERO';
    CREATE TABLE types (id INT PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT, mu MEDIUMINT UNSIGNED,
        i INT, iu INT UNSIGNED, b BIGINT, bu BIGINT UNSIGNED, y YEAR, bits BIT(33), f FLOAT, d DOUBLE, n DECIMAL(65,30),
        n0 DECIMAL(5,0), c CHAR(5), v VARCHAR(300), l1 VARCHAR(20) CHARACTER SET latin1, t1 TINYTEXT, t2 TEXT, t3 MEDIUMTEXT,
        t4 LONGTEXT, bi BINARY(4), vb VARBINARY(9), b1 TINYBLOB, b2 BLOB, b4 LONGBLOB, e ENUM('a', 'grün'), st SET('x', 'y'),
        j JSON, da DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL, ti TIME, ti6 TIME(6),
        u UUID, ip INET6, g GEOMETRY);
    INSERT INTO types (id) VALUES (1);
    INSERT INTO types VALUES (2, -128, 255, -32768, -8388608, 16777215, -2147483648, 4294967295, -9223372036854775808,
        18446744073709551615, 1901, b'100000000000000000000000000000001', 0.1, -5e-324,
        -12345678901234567890123456789012345.123456789012345678901234567890, 99999, 'ab  ', REPEAT('ü', 300), 'é', 'x', '',
        REPEAT('a', 250), REPEAT('b', 251), 0x00ff, 0x00, 0xff, '', REPEAT('c', 70000), 'grün', 'x,y', '{\"a\": 1}',
        '1000-01-01', '9999-12-31 23:59:59', '1969-12-31 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999999',
        '-838:59:59', '23:59:59.000001', '6ccd780c-baba-1026-9564-5b8c656024db', '::1', POINT(1, 2));
    INSERT INTO types (id, da, dt, dt6, ts, ti, c, y) VALUES
        (3, '0000-00-00', '0000-00-00 00:00:00', '2024-02-00 01:02:03.4', 0, '00:00:00', '', 0), (4, '2024-02-30', '2024-00-15', 0, NULL, '838:59:59', ' ', 2155);
    CREATE TABLE wide (id INT PRIMARY KEY, v LONGTEXT, after INT) ENGINE=MyISAM;
    INSERT INTO wide SELECT seq, REPEAT(CHAR(64 + seq), 1048576 + seq), seq FROM seq_1_to_12;
    CREATE TABLE huge (id INT PRIMARY KEY, v LONGBLOB, after INT) ENGINE=MyISAM;
    INSERT INTO huge SELECT seq, REPEAT('h', 20971520 * (seq % 2) + 16777215 - 14), seq FROM seq_1_to_4;
    CREATE TABLE many (id BIGINT PRIMARY KEY, v VARCHAR(40));
    INSERT INTO many SELECT seq, IF(seq % 7 = 0, NULL, CONCAT('row ', seq)) FROM seq_1_to_50000;
    CREATE TABLE nothing (id INT PRIMARY KEY, v TEXT);";

/// The statements that sessions have closed: ours closes each, the driver keeps them.
fn statements_closed(mariadb: &MariaDb) -> u64 {
    status(mariadb, "Com_stmt_close")
}

fn status(mariadb: &MariaDb, name: &str) -> u64 {
    let line = mariadb.run("mysql", &format!("SHOW GLOBAL STATUS LIKE '{name}'"));
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn both_lanes_hand_over_the_same_rows() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::with_tls();
    let database = mariadb.database("lanes", TABLES);
    let [plain, encrypted] = ["DISABLED", "REQUIRED"].map(|mode| format!("{}?ssl-mode={mode}", mariadb.url(&database)));
    let report = tieout.diff(&plain, &encrypted, &[]).exits(0).report();
    for (table, rows) in [("types", 4), ("wide", 12), ("huge", 4), ("many", 50_000), ("nothing", 0)] {
        report.assert_match(table);
        assert_eq!(report.rows(table), [Some(rows); 2], "{table}");
    }
    let changed = mariadb.database(
        "changed",
        &format!(
            "{TABLES} UPDATE wide SET v = CONCAT(v, '.') WHERE id = 12; UPDATE huge SET after = 9 WHERE id = 3;
             UPDATE types SET dt = '2024-00-16' WHERE id = 4; UPDATE many SET v = '' WHERE id = 49994;"
        ),
    );
    for mode in ["DISABLED", "REQUIRED"] {
        let changed = format!("{}?ssl-mode={mode}", mariadb.url(&changed));
        let report = tieout.diff(&plain, &changed, &[]).exits(1).report();
        for (table, corrupt) in [("types", 1), ("wide", 1), ("huge", 1), ("many", 1), ("nothing", 0)] {
            assert_eq!(report.counts(table), [0, 0, 0, corrupt], "{table}");
        }
    }
}

#[test]
fn a_session_is_encrypted_where_the_url_asks_or_the_server_offers() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::with_tls();
    let url = mariadb.url(&mariadb.database("modes", TABLES));
    for (parameters, is_encrypted) in [("?ssl-mode=DISABLED", false), ("", true), ("?ssl-mode=REQUIRED", true)] {
        let (handshakes, closed) = (status(&mariadb, "Ssl_accepts"), statements_closed(&mariadb));
        tieout.run(["snapshot", &format!("{url}{parameters}"), "--table", "many", "--out", "snap"]).exits(0);
        std::fs::remove_dir_all(tieout.path("snap")).expect("a snapshot");
        assert_eq!(status(&mariadb, "Ssl_accepts") > handshakes, is_encrypted, "{parameters}");
        assert_eq!(statements_closed(&mariadb) == closed, is_encrypted, "{parameters}");
    }
}

#[test]
fn a_condition_that_reads_rows_itself_is_no_trouble() {
    let tieout = Tieout::new();
    let mariadb = MariaDb::shared();
    let script = "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_1000;
        DELIMITER //
        CREATE FUNCTION below(x INT) RETURNS INT READS SQL DATA
        BEGIN DECLARE n INT; SELECT COUNT(*) INTO n FROM t WHERE id < x; RETURN n; END//";
    let url = mariadb.url(&mariadb.database("conditions", script));
    let report = tieout.diff(&url, &url, &["--where", "below(id) < 10"]).exits(0).report();
    assert_eq!(report.rows("t"), [Some(10); 2]);
    for condition in ["id < 5; DELETE FROM t", "no_such_column = 1", "id < ?"] {
        tieout.diff(&url, &url, &["--where", condition]).exits(3);
    }
    assert_eq!(tieout.diff(&url, &url, &[]).exits(0).report().rows("t"), [Some(1000); 2]);
}
