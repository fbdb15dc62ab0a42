//! Connections that show that they are alive, so that a firewall does not forget them, and one that it dropped without a word is found.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// How long nothing may be heard before the other side is asked.
const IDLE: Duration = Duration::from_secs(60);
/// How long it may take to answer before it is asked again …
const INTERVAL: Duration = Duration::from_secs(15);
/// … and how often it is.
const PROBES: u32 = 6;

/// Has the system ask the other side whether it is still there: after some two and a half minutes of nothing, reading fails.
pub(super) fn keep_alive(socket: &impl AsFd) -> io::Result<()> {
    let probes = TcpKeepalive::new().with_time(IDLE).with_interval(INTERVAL).with_retries(PROBES);
    SockRef::from(socket).set_tcp_keepalive(&probes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_probed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!SockRef::from(&stream).keepalive().unwrap());
        keep_alive(&stream).unwrap();
        assert!(SockRef::from(&stream).keepalive().unwrap());
    }
}
