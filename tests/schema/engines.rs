//! Each kind of finding, between each two engines that can state it.

use super::{assert_findings, mariadb, postgres};
use crate::binary::Tieout;

#[test]
fn postgres_to_mariadb() {
    let source = "
        CREATE TABLE gone (id int PRIMARY KEY);
        CREATE TABLE columns_gone (id int PRIMARY KEY, lost text, kept text);
        CREATE TABLE numbers (id int PRIMARY KEY, big bigint, exact numeric(12,4), wide numeric, flag boolean, whole int);
        CREATE TABLE texts (id int PRIMARY KEY, name varchar(100), body text, code varchar(20));
        CREATE TABLE moments (id int PRIMARY KEY, at timestamp, seen timestamptz, day date);
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
        CREATE TABLE labels (id int PRIMARY KEY, mood mood);
        CREATE TABLE nulls (id int PRIMARY KEY, lost int NOT NULL, gained int);
        CREATE TABLE defaults (id int PRIMARY KEY, same text DEFAULT 'x', now timestamp(0) DEFAULT now(),
            flag boolean DEFAULT true, amount numeric(8,2) DEFAULT 0, other int DEFAULT 1, lost int DEFAULT 5, gained int);
        CREATE TABLE numbered (id serial PRIMARY KEY, v int);
        CREATE TABLE numbering (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int);
        CREATE TABLE collations (code varchar(20) PRIMARY KEY, name varchar(20));
        CREATE TABLE keys (id int PRIMARY KEY, a int, b int, c int UNIQUE, d int);
        CREATE TABLE no_key (id int PRIMARY KEY, v int);
        CREATE TABLE parents (id int PRIMARY KEY);
        CREATE TABLE children (id int PRIMARY KEY, one int REFERENCES parents, two int REFERENCES parents ON DELETE CASCADE,
            three int REFERENCES parents ON DELETE CASCADE, four int);
        CREATE TABLE indexes (id int PRIMARY KEY, a int, b int, c int);
        CREATE INDEX ON indexes (a); CREATE INDEX ON indexes (b, c);
        CREATE TABLE generated (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED,
            plain int GENERATED ALWAYS AS (a + 1) STORED);
        CREATE TABLE checks (id int PRIMARY KEY, a int CHECK (a > 0), b int CHECK (b < 5));";
    let target = "
        CREATE TABLE extra (id int PRIMARY KEY);
        CREATE TABLE columns_gone (id int PRIMARY KEY, kept longtext, added int, demanded int NOT NULL);
        CREATE TABLE numbers (id int PRIMARY KEY, big int, exact decimal(12,2), wide decimal(65,30), flag tinyint(1), whole bigint);
        CREATE TABLE texts (id int PRIMARY KEY, name varchar(50), body text, code varchar(20) CHARACTER SET latin1 COLLATE latin1_bin);
        CREATE TABLE moments (id int PRIMARY KEY, at datetime, seen timestamp(6) NULL, day date);
        CREATE TABLE labels (id int PRIMARY KEY, mood enum('sad', 'ok'));
        CREATE TABLE nulls (id int PRIMARY KEY, lost int, gained int NOT NULL);
        CREATE TABLE defaults (id int PRIMARY KEY, same longtext DEFAULT 'x', now datetime DEFAULT current_timestamp,
            flag tinyint(1) DEFAULT 1, amount decimal(8,2) DEFAULT 0.00, other int DEFAULT 2, lost int, gained int DEFAULT 7);
        CREATE TABLE numbered (id int AUTO_INCREMENT PRIMARY KEY, v int);
        CREATE TABLE numbering (id int PRIMARY KEY, v int);
        CREATE TABLE collations (code varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, name varchar(20) COLLATE utf8mb4_general_ci);
        CREATE TABLE `keys` (id int PRIMARY KEY, a int, b int, c int, d int UNIQUE);
        CREATE TABLE no_key (id int NOT NULL, v int);
        CREATE TABLE parents (id int PRIMARY KEY);
        CREATE TABLE children (id int PRIMARY KEY, one int, two int, three int, four int,
            FOREIGN KEY (two) REFERENCES parents (id) ON DELETE SET NULL, FOREIGN KEY (three) REFERENCES parents (id) ON DELETE CASCADE,
            FOREIGN KEY (four) REFERENCES parents (id));
        CREATE TABLE indexes (id int PRIMARY KEY, a int, b int, c int, KEY other_name (b, c, a), KEY added (c));
        CREATE TABLE generated (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, plain int);
        CREATE TABLE checks (id int PRIMARY KEY, a int, b int, CHECK (a > 0));";
    let expected = [
        "gone: lossy table gone missing",
        "extra: different table extra extra",
        "columns_gone: lossy column lost missing",
        "columns_gone: different column added extra",
        "columns_gone: stricter column demanded extra",
        "numbers: lossy column big range",
        "numbers: lossy column exact precision",
        "numbers: lossy column wide precision",
        "numbers: note column whole type",
        "texts: lossy column name length",
        "texts: lossy column body length",
        "texts: lossy column code characters",
        "moments: lossy column at precision",
        "moments: lossy column seen range",
        "labels: lossy column mood type",
        "nulls: different column lost null",
        "nulls: stricter column gained null",
        "defaults: different column other default",
        "defaults: different column lost default",
        "defaults: different column gained default",
        "numbering: different column id numbering",
        "collations: stricter column code collation",
        "collations: different column name collation",
        "keys: different unique_key c missing",
        "keys: stricter unique_key d extra",
        "no_key: different primary_key id missing",
        "children: different foreign_key one missing",
        "children: different foreign_key two on_delete",
        "children: stricter foreign_key four extra",
        "indexes: different index a missing",
        "indexes: note index c extra",
        "generated: different column plain generated",
        "checks: different check (b < 5) missing",
    ];
    assert_findings(&postgres(source), &mariadb(target), &expected);
}

#[test]
fn mariadb_to_postgres() {
    let source = "
        CREATE TABLE numbers (id int unsigned PRIMARY KEY, small int unsigned, tiny tinyint, flag tinyint(1), year_of year);
        CREATE TABLE texts (id int PRIMARY KEY, body mediumtext, code char(3), any_text varchar(20));
        CREATE TABLE touched (id int PRIMARY KEY, at timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6));
        CREATE TABLE labels (id int PRIMARY KEY, mood enum('a', 'it''s'));
        CREATE TABLE numbered (id int AUTO_INCREMENT PRIMARY KEY, v int);
        CREATE TABLE ids (id char(36) PRIMARY KEY, doc longtext);
        CREATE TABLE collations (name varchar(20) COLLATE utf8mb4_general_ci, id int PRIMARY KEY);
        CREATE TABLE keys_of (a int, b int, c int NOT NULL, PRIMARY KEY (a, b), UNIQUE (c));
        CREATE TABLE checks (id int PRIMARY KEY, doc json, s varchar(5) CHECK (s in ('a', 'b')));";
    let target = "
        CREATE TABLE numbers (id bigint PRIMARY KEY, small int, tiny smallint, flag boolean, year_of smallint);
        CREATE TABLE texts (id int PRIMARY KEY, body text, code char(3), any_text varchar(10));
        CREATE TABLE touched (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE labels (id int PRIMARY KEY, mood varchar(2));
        CREATE TABLE numbered (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v int);
        CREATE TABLE ids (id uuid PRIMARY KEY, doc jsonb);
        CREATE TABLE collations (name varchar(20), id int PRIMARY KEY);
        CREATE TABLE keys_of (a int, b int, c int NOT NULL, PRIMARY KEY (b, a));
        CREATE TABLE checks (id int PRIMARY KEY, doc jsonb, s varchar(5) CHECK (s IN ('a', 'b')), CHECK (id > 0));";
    let expected = [
        "numbers: note column id type",
        "numbers: lossy column small range",
        "numbers: note column tiny type",
        "numbers: note column flag type",
        "numbers: lossy column year_of range",
        "texts: note column body length",
        "texts: lossy column any_text length",
        "touched: different column at update",
        "labels: lossy column mood length",
        "ids: stricter column id type",
        "ids: stricter column doc type",
        "collations: different column name collation",
        "keys_of: note primary_key a, b columns",
        "keys_of: different unique_key c missing",
        "checks: stricter check (id > 0) extra",
    ];
    assert_findings(&mariadb(source), &postgres(target), &expected);
}

#[test]
fn postgres_to_postgres() {
    let source = r#"
        CREATE TABLE "an ""odd"" name 🙂" (id int PRIMARY KEY, "a b" varchar(20), "é🙂" int NOT NULL);
        CREATE DOMAIN short AS varchar(10);
        CREATE TABLE domains (id int PRIMARY KEY, s short);
        CREATE TABLE partial (id int PRIMARY KEY, a int, b int);
        CREATE UNIQUE INDEX ON partial (a) WHERE b > 0;
        CREATE INDEX ON partial (lower(b::text));
        CREATE INDEX ON partial USING brin (b);
        CREATE TABLE checks (id int PRIMARY KEY, a int CHECK (a > 0), amount numeric(6,2) DEFAULT 1.5);
        CREATE TABLE referenced (id int PRIMARY KEY, code int UNIQUE);
        CREATE TABLE refers (id int PRIMARY KEY, r int REFERENCES referenced (id));
        CREATE TABLE types (id int PRIMARY KEY, n numeric(6,2), f double precision, j json, t text COLLATE "C", w varchar(5));"#;
    let target = r#"
        CREATE TABLE "an ""odd"" name 🙂" (id int PRIMARY KEY, "a b" varchar(10), "é🙂" int);
        CREATE DOMAIN short AS varchar(9);
        CREATE TABLE domains (id int PRIMARY KEY, s short);
        CREATE TABLE partial (id int PRIMARY KEY, a int, b int);
        CREATE UNIQUE INDEX ON partial (a);
        CREATE INDEX ON partial (lower(b::text));
        CREATE TABLE checks (id int PRIMARY KEY, a int CHECK (a >= 0), amount numeric(6,2) DEFAULT 1.50);
        CREATE TABLE referenced (id int PRIMARY KEY, code int UNIQUE);
        CREATE TABLE refers (id int PRIMARY KEY, r int REFERENCES referenced (code));
        CREATE TABLE types (id int PRIMARY KEY, n numeric(5,2), f real, j json, t text COLLATE "POSIX", w varchar(9));"#;
    let expected = [
        r#"an "odd" name 🙂: lossy column a b length"#,
        r#"an "odd" name 🙂: different column é🙂 null"#,
        "domains: lossy column s length",
        "partial: stricter unique_key a extra",
        "partial: different index b using brin missing",
        "checks: different check (a > 0) missing",
        "checks: stricter check (a >= 0) extra",
        "refers: different foreign_key r reference",
        "types: lossy column n range",
        "types: lossy column f precision",
        "types: note column t collation",
        "types: note column w length",
    ];
    assert_findings(&postgres(source), &postgres(target), &expected);
}

#[test]
fn sqlite_to_postgres() {
    let tieout = Tieout::new();
    let source = "
        CREATE TABLE numbers (id INTEGER PRIMARY KEY, small INTEGER, price NUMERIC(10,2), flag BOOLEAN DEFAULT 1);
        CREATE TABLE texts (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(50) COLLATE NOCASE, at DATETIME DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE rules (id INTEGER PRIMARY KEY, a INT NOT NULL DEFAULT 3, b INT UNIQUE, c INT REFERENCES texts (id) ON DELETE CASCADE);
        CREATE INDEX by_a ON rules (a);
        CREATE TABLE gone (id INTEGER PRIMARY KEY);";
    let target = "
        CREATE TABLE numbers (id bigint PRIMARY KEY, small smallint, price numeric(10,1), flag boolean DEFAULT true);
        CREATE TABLE texts (id int PRIMARY KEY, name varchar(40), at timestamp DEFAULT now());
        CREATE TABLE rules (id int PRIMARY KEY, a int DEFAULT 4, b int, c int REFERENCES texts (id));";
    let source = crate::sqlite::database(tieout.folder.path(), "source.db", source);
    let expected = [
        "numbers: lossy column small range",
        "numbers: lossy column price precision",
        "texts: lossy column name length",
        "texts: different column name collation",
        "texts: different column id numbering",
        "rules: different column a null",
        "rules: different column a default",
        "rules: different unique_key b missing",
        "rules: different foreign_key c on_delete",
        "rules: different index a missing",
        "gone: lossy table gone missing",
    ];
    assert_findings(source.to_str().expect("UTF-8"), &postgres(target), &expected);
}
