//! The lean lane against a server that says what it is told to say.

use arrow::array::RecordBatch;
use mysql_common::constants::{CapabilityFlags, ColumnType, StatusFlags};
use mysql_common::packets::{Column as Definition, HandshakePacket};
use mysql_common::proto::MySerialize;
use proptest::prelude::*;

use super::*;
use crate::canonical::CanonicalType;
use crate::model::{Column, Key, Table, TableName};
use crate::store::BatchSink;

/// The server has the password's hash at hand: it needs no more of us.
const REMEMBERED: &[u8] = &[1, 3];
const ACCEPTED: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
const AT_END: &[u8] = &[0xfe, 0, 0, 2, 0];
const KILLED: &[u8] = b"\xff\x25\x05#70100Query execution was interrupted";

/// Packets that answer one command.
fn answer(packets: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, packet) in packets.iter().enumerate() {
        let number = number as u8 + 1;
        bytes.extend_from_slice(&(packet.len() as u32 | u32::from(number) << 24).to_le_bytes());
        bytes.extend_from_slice(packet);
    }
    bytes
}

/// A session whose server gives one answer to each command, then says no more.
fn session(answers: Vec<Vec<u8>>) -> Lean {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let length = theirs.read_u32_le().await.unwrap() & 0xff_ffff;
            theirs.read_exact(&mut vec![0; length as usize]).await.unwrap();
            theirs.write_all(&answer).await.unwrap();
        }
        theirs.shutdown().await.unwrap();
        // It still listens: to the end of a statement there is no answer.
        let _ = theirs.read_to_end(&mut Vec::new()).await;
    });
    Lean { connection: Box::new(ours), packets: Packets::new() }
}

fn definition() -> Vec<u8> {
    let mut bytes = Vec::new();
    Definition::new(ColumnType::MYSQL_TYPE_LONGLONG).with_name(b"id").serialize(&mut bytes);
    bytes
}

fn prepared() -> Vec<u8> {
    answer(&[&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], &definition(), AT_END])
}

fn row(id: i64) -> Vec<u8> {
    [&[0, 0][..], &id.to_le_bytes()].concat()
}

/// What comes of reading a table of one column from these answers: the rows of all batches, and the end.
async fn read(answers: Vec<Vec<u8>>) -> (usize, Result<Answer<()>>) {
    let column = Column { name: "id".into(), native: "bigint".into(), canonical: CanonicalType::Int64, nullable: true };
    let keys: Vec<Key> = Vec::new();
    let table = Table { name: TableName::bare("t"), columns: vec![column], keys, rows_estimate: None, schema: None };
    let (sink, mut batches) = BatchSink::channel(100);
    let mut lean = session(answers);
    let mut rows = Rows::new(&table, "t in db", &sink);
    let end = lean.send_rows("SELECT id FROM t", &mut rows).await;
    rows.finish().await.unwrap();
    drop(sink);
    let mut all = 0;
    while let Some(batch) = batches.recv().await {
        all += RecordBatch::num_rows(&batch);
    }
    (all, end)
}

#[tokio::test]
async fn rows_are_read_to_the_end_mark() {
    let result = answer(&[&[1], &definition(), AT_END, &row(1), &[0, 4], &row(-3), AT_END]);
    let (rows, end) = read(vec![prepared(), result]).await;
    assert!(matches!(end, Ok(Ok(()))), "{end:?}");
    assert_eq!(rows, 3);
}

#[tokio::test]
async fn a_refusal_among_the_rows_keeps_its_number() {
    let result = answer(&[&[1], &definition(), AT_END, &row(1), KILLED]);
    let (_, end) = read(vec![prepared(), result]).await;
    assert_eq!(end.unwrap().unwrap_err().number(), Some(1317));
}

#[tokio::test]
async fn a_refusal_costs_nothing_but_the_statement() {
    let refused = answer(&[b"\xff\x1e\x04#42S22Unknown column 'a'"]);
    let mut lean = session(vec![refused, answer(&[ACCEPTED])]);
    assert_eq!(lean.run("SELECT a").await.unwrap_err().number(), Some(1054));
    lean.run("SET NAMES utf8mb4").await.unwrap();
}

#[tokio::test]
async fn questions_are_answered_with_text() {
    let result = answer(&[&[2], &definition(), &definition(), AT_END, b"\x02ab\xfb", b"\x00\x011", AT_END]);
    let rows = session(vec![result]).ask("SELECT 1").await.unwrap();
    assert_eq!(rows, [[Some("ab".to_string()), None], [Some(String::new()), Some("1".to_string())]]);
}

#[tokio::test]
async fn a_connection_that_closes_anywhere_is_never_an_end() {
    let result = answer(&[&[1], &definition(), AT_END, &row(1), &row(2), AT_END]);
    for cut in 0..result.len() {
        let (_, end) = read(vec![prepared(), result[..cut].to_vec()]).await;
        assert!(matches!(end, Ok(Err(Trouble::Lost(_)))), "{cut}: {end:?}");
    }
    for cut in 0..prepared().len() {
        let (_, end) = read(vec![prepared()[..cut].to_vec()]).await;
        assert!(matches!(end, Ok(Err(Trouble::Lost(_)))), "{cut}: {end:?}");
    }
}

#[tokio::test]
async fn a_table_that_has_changed_its_columns_is_not_read() {
    let result = answer(&[&[2], &definition(), &definition(), AT_END, AT_END]);
    let (_, end) = read(vec![prepared(), result]).await;
    assert!(matches!(end, Ok(Err(Trouble::Garbled(_)))), "{end:?}");
    let mut narrower = Vec::new();
    Definition::new(ColumnType::MYSQL_TYPE_INT24).with_name(b"id").serialize(&mut narrower);
    let result = answer(&[&[1], &narrower, AT_END, &[0, 0, 1, 0, 0, 0], AT_END]);
    let (rows, end) = read(vec![prepared(), result]).await;
    assert!(matches!(end, Ok(Ok(()))), "{end:?}");
    assert_eq!(rows, 1);
    let mut other = Vec::new();
    Definition::new(ColumnType::MYSQL_TYPE_VAR_STRING).with_name(b"id").serialize(&mut other);
    let result = answer(&[&[1], &other, AT_END, b"\x00\x00\x03abc", AT_END]);
    let (_, end) = read(vec![prepared(), result]).await;
    assert!(end.unwrap_err().to_string().contains("a value of `id`"));
}

/// A server that greets, then gives one answer to each packet; the session, or why there is none.
async fn greeted(capabilities: CapabilityFlags, answers: Vec<(u8, Vec<u8>)>) -> Answer<Lean> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    tokio::spawn(async move {
        let scramble = Some(b"123456789012\0".to_vec());
        let mut greeting = Vec::new();
        HandshakePacket::new(
            10,
            b"8.4.0".to_vec(),
            1,
            *b"12345678",
            scramble,
            capabilities,
            45,
            StatusFlags::empty(),
            Some(b"caching_sha2_password".to_vec()),
        )
        .serialize(&mut greeting);
        let mut packets = vec![(0, greeting)];
        packets.extend(answers);
        for (number, packet) in packets {
            theirs.write_u32_le(packet.len() as u32 | u32::from(number) << 24).await.unwrap();
            theirs.write_all(&packet).await.unwrap();
            if packet == REMEMBERED {
                continue;
            }
            let Ok(length) = theirs.read_u32_le().await else { return };
            theirs.read_exact(&mut vec![0; (length & 0xff_ffff) as usize]).await.unwrap();
        }
    });
    let login = Login { user: "app".into(), password: "secret".into(), database: "shop".into(), prefers_tls: true };
    Lean::over(Box::new(ours), &login).await
}

const PLAIN: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH);

#[tokio::test]
async fn a_server_that_knows_the_password_or_asks_for_another_proof_lets_us_in() {
    assert!(greeted(PLAIN, vec![(2, ACCEPTED.to_vec())]).await.is_ok());
    assert!(greeted(PLAIN, vec![(2, REMEMBERED.to_vec()), (3, ACCEPTED.to_vec())]).await.is_ok());
    let switch = b"\xfemysql_native_password\x0012345678901234567890\0".to_vec();
    assert!(greeted(PLAIN, vec![(2, switch), (4, ACCEPTED.to_vec())]).await.is_ok());
}

#[tokio::test]
async fn an_encrypted_session_or_a_readable_password_is_left_to_the_driver() {
    let offers_tls = PLAIN.union(CapabilityFlags::CLIENT_SSL);
    assert!(matches!(greeted(offers_tls, vec![(2, ACCEPTED.to_vec())]).await, Err(Trouble::Driver(_))));
    let switch = b"\xfemysql_clear_password\0".to_vec();
    assert!(matches!(greeted(PLAIN, vec![(2, switch), (4, ACCEPTED.to_vec())]).await, Err(Trouble::Driver(_))));
}

#[tokio::test]
async fn a_password_that_is_not_accepted_is_a_refusal() {
    let refusal = b"\xff\x15\x04#28000Access denied for user 'app'".to_vec();
    assert_eq!(greeted(PLAIN, vec![(2, refusal)]).await.err().unwrap().number(), Some(1045));
}

proptest! {
    #[test]
    fn garbage_never_panics(garbage in prop::collection::vec(any::<u8>(), 0..200), is_prepared in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answers = if is_prepared { vec![prepared(), garbage] } else { vec![garbage] };
        let (_, end) = runtime.block_on(read(answers));
        prop_assert!(!matches!(end, Ok(Ok(()))));
    }
}
