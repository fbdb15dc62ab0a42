//! Where results go: stdout, which may be a terminal, a file, or a pipe that nobody reads any more.

use std::io::{ErrorKind, IsTerminal, Write};

use tieout::error::{Error, Result};

/// Writes a result to stdout. A reader that has gone away (`| head`) is no failure.
pub fn print(text: &str) -> Result<()> {
    print_bytes(text.as_bytes())
}

/// As [`print`], for bytes.
pub fn print_bytes(bytes: &[u8]) -> Result<()> {
    write_to(&mut std::io::stdout().lock(), bytes)
}

/// Whether to colour what goes to this stream: only on a terminal, and not against the user's wish (`NO_COLOR`).
pub fn has_colour(stream: &impl IsTerminal) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// The width of the terminal that stdout is, if it is one.
pub fn width() -> Option<u16> {
    std::io::stdout().is_terminal().then(|| comfy_table::Table::new().width()).flatten()
}

fn write_to(stream: &mut impl Write, bytes: &[u8]) -> Result<()> {
    match stream.write_all(bytes).and_then(|()| stream.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::output("cannot write to stdout").because(e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_failure_but_a_full_disk_is() {
        assert!(write_to(&mut Broken(ErrorKind::BrokenPipe), b"x").is_ok());
        assert!(write_to(&mut Broken(ErrorKind::StorageFull), b"x").is_err());
    }
}
