use proptest::prelude::*;

use super::*;

type Parsed = Vec<Vec<(String, bool)>>;

/// The records as fields of (text, quoted), or the fault and its line.
fn parse_with(bytes: impl Read, buffer_bytes: usize) -> Result<(Parsed, u64), (Fault, u64)> {
    let mut records = Records::new(bytes, buffer_bytes);
    let mut parsed = Vec::new();
    let mut scratch = String::new();
    loop {
        let line = records.line();
        let Some(mut block) = records.block().map_err(|fault| (fault, line))? else {
            return Ok((parsed, records.bytes_read()));
        };
        while block.advance().map_err(|fault| (fault, block.line()))? {
            let texts = block.fields().iter().map(|&f| (block.text(f, &mut scratch).to_string(), f.is_quoted()));
            parsed.push(texts.collect());
        }
    }
}

/// Parses with several sizes of buffer, which must make no difference.
fn parse(text: impl AsRef<[u8]>) -> Parsed {
    let bytes = text.as_ref();
    let (parsed, bytes_read) = parse_with(bytes, BUFFER_BYTES).unwrap();
    assert_eq!(bytes_read, bytes.len() as u64);
    for buffer_bytes in 4..=bytes.len().min(40) + 4 {
        let again = parse_with(bytes, buffer_bytes).unwrap();
        assert_eq!(again, (parsed.clone(), bytes_read), "with a buffer of {buffer_bytes}");
    }
    parsed
}

fn fault(text: impl AsRef<[u8]>) -> (Fault, u64) {
    let bytes = text.as_ref();
    let (_, small_line) = parse_with(bytes, 4).unwrap_err();
    let (fault, line) = parse_with(bytes, BUFFER_BYTES).unwrap_err();
    assert_eq!(small_line, line);
    (fault, line)
}

fn plain(text: &str) -> (String, bool) {
    (text.into(), false)
}

fn quoted(text: &str) -> (String, bool) {
    (text.into(), true)
}

#[test]
fn records_end_with_either_line_end_and_the_last_may_lack_it() {
    let expected = vec![vec![plain("a"), plain("b")], vec![plain("1"), plain("2")]];
    for text in ["a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2", "a,b\r\n1,2\r", "a,b\n1,2\r\n"] {
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

#[test]
fn a_quoted_empty_field_is_not_an_unquoted_one() {
    assert_eq!(parse("a,,c\n"), [[plain("a"), plain(""), plain("c")]]);
    assert_eq!(parse("a,\"\",c\n"), [[plain("a"), quoted(""), plain("c")]]);
    assert_eq!(parse("a,"), [[plain("a"), plain("")]]);
    assert_eq!(parse("a,\"\""), [[plain("a"), quoted("")]]);
    assert_eq!(parse(",\n"), [[plain(""), plain("")]]);
}

#[test]
fn quoted_fields_hold_commas_line_breaks_and_doubled_quotes() {
    assert_eq!(parse("\"a,b\",\"c\nd\",\"e\r\nf\"\r\n"), [[quoted("a,b"), quoted("c\nd"), quoted("e\r\nf")]]);
    assert_eq!(
        parse("\"a\"\"b\",\"\"\"\",\"\"\"\"\"\",\"\"\"x\"\n"),
        [[quoted("a\"b"), quoted("\""), quoted("\"\""), quoted("\"x")]]
    );
}

#[test]
fn a_carriage_return_within_a_line_belongs_to_the_value() {
    assert_eq!(parse("a\rb,c\r\r\n"), [[plain("a\rb"), plain("c\r")]]);
}

#[test]
fn empty_lines_are_records_of_one_empty_field() {
    assert_eq!(parse("a\n\n\"\"\n\r\nb"), [[plain("a")], [plain("")], [quoted("")], [plain("")], [plain("b")]]);
    assert!(parse("").is_empty());
}

#[test]
fn a_byte_order_mark_is_removed_once_and_only_at_the_start() {
    assert_eq!(
        parse("\u{feff}a,\u{feff}b\n\u{feff}c,d\n"),
        [[plain("a"), plain("\u{feff}b")], [plain("\u{feff}c"), plain("d")]]
    );
    assert_eq!(parse("\u{feff}\u{feff}a\n"), [[plain("\u{feff}a")]]);
    assert_eq!(parse("\u{feff}\"a\"\n"), [[quoted("a")]]);
    assert!(parse("\u{feff}").is_empty());
}

#[test]
fn lines_are_counted_through_quoted_line_breaks() {
    for buffer_bytes in [4, 8, 100] {
        let mut records = Records::new(&b"a\n\"b\n\nb\"\r\nc\n\n\"d\"\ne"[..], buffer_bytes);
        let mut lines = Vec::new();
        while let Some(mut block) = records.block().unwrap() {
            while block.advance().unwrap() {
                lines.push(block.line());
            }
        }
        assert_eq!(lines, [1, 2, 5, 6, 7, 8]);
    }
}

#[test]
fn what_rfc_4180_does_not_allow_is_a_fault_with_its_line() {
    assert!(matches!(fault("a\n\"b"), (Fault::OpenQuote, 2)));
    assert!(matches!(fault("a\n\"b\"\"\n"), (Fault::OpenQuote, 2)));
    assert!(matches!(fault("a\n\"b\"x\n"), (Fault::TextAfterQuote, 2)));
    assert!(matches!(fault("a\n\"b\\\"x\",y\n"), (Fault::TextAfterQuote, 2)));
    assert!(matches!(fault("a\n\"b\" ,y\n"), (Fault::TextAfterQuote, 2)));
    assert!(matches!(fault("a\n\"b\"\ry\n"), (Fault::TextAfterQuote, 2)));
    assert!(matches!(fault("a\n5\" pipe\n"), (Fault::BareQuote, 2)));
    assert!(matches!(fault(b"a,b\n1,\xff\n"), (Fault::NotUtf8(6), 2)));
    assert!(matches!(fault(b"a,b\n\"1\n2\",caf\xe9\n"), (Fault::NotUtf8(13), 3)));
    assert!(matches!(fault(b"\xff\xfea\0\n\0"), (Fault::Utf16, 1)));
    assert!(matches!(fault(b"\xfe\xff\0a\0\n"), (Fault::Utf16, 1)));
}

#[test]
fn a_read_that_fails_is_a_fault() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk on fire"))
        }
    }
    assert!(matches!(Records::new(Broken, 10).block(), Err(Fault::Unreadable(_))));
}

/// Hands out one to `most` bytes a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.1).min(self.0.len());
        let (now, later) = self.0.split_at(most);
        buffer[..most].copy_from_slice(now);
        self.0 = later;
        Ok(most)
    }
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (2usize..5).prop_flat_map(|columns| {
        let cell = prop_oneof![r#"[a-c,"\n\r ]{0,6}"#, "\\PC{0,8}", Just(String::new()), Just("\\N".to_string())];
        proptest::collection::vec(proptest::collection::vec(cell, columns), 0..8)
    })
}

/// Text of characters of one to four bytes, with the marks of CSV between them, and now and then a byte that is no text.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop_oneof![Just("\""), Just(","), Just("\n"), Just("\r")].prop_map(|mark| mark.as_bytes().to_vec()),
        6 => prop_oneof![Just("a"), Just("ü"), Just("€"), Just("😀")].prop_map(|mark| mark.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_character_cut_by_the_end_of_the_buffer_changes_nothing(bytes in texts(), size in 4usize..32, most in 1usize..8) {
        let outcome = |outcome: Result<(Parsed, u64), (Fault, u64)>| outcome.map_err(|(f, line)| (format!("{f:?}"), line));
        prop_assert_eq!(
            outcome(parse_with(Dribble(&bytes, most), size)),
            outcome(parse_with(&bytes[..], BUFFER_BYTES))
        );
    }

    #[test]
    fn what_the_csv_crate_writes_is_read_as_the_csv_crate_reads_it(
        rows in table(),
        always in any::<bool>(),
        crlf in any::<bool>(),
        cut_last_line_end in any::<bool>(),
        buffer_bytes in 4usize..64,
        most in 1usize..16,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .quote_style(if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .has_headers(false)
            .from_writer(Vec::new());
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let mut bytes = writer.into_inner().unwrap();
        if cut_last_line_end && bytes.ends_with(b"\n") {
            bytes.pop();
        }
        // The csv crate knows nothing of the byte order mark that a random cell may begin the file with.
        prop_assume!(!bytes.starts_with(BOM_UTF8));
        let oracle: Vec<Vec<String>> = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&bytes[..])
            .into_records()
            .map(|record| record.unwrap().iter().map(str::to_string).collect())
            .collect();
        let (parsed, _) = parse_with(Dribble(&bytes, most), buffer_bytes).unwrap();
        let found: Vec<Vec<String>> =
            parsed.into_iter().map(|record| record.into_iter().map(|(text, _)| text).collect()).collect();
        prop_assert_eq!(&found, &oracle);
        prop_assert_eq!(&found, &rows);
    }

    #[test]
    fn random_bytes_never_panic_and_no_buffer_size_changes_the_outcome(
        bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..60),
        buffer_bytes in 4usize..32,
    ) {
        let outcome = |size| parse_with(&bytes[..], size).map_err(|(fault, line)| (format!("{fault:?}"), line));
        prop_assert_eq!(outcome(buffer_bytes), outcome(BUFFER_BYTES));
    }
}
