//! A TCP proxy that does to the bytes of a connection what networks do: cut, swallow, slow down, garble, at a chosen byte of a chosen
//! direction.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// The connection ends in good order on both sides.
    Cut,
    /// Nothing more passes in either direction, and nothing is said about it: a firewall that forgot the connection.
    Swallow,
    /// So many bytes become others.
    Garble(usize),
    /// Each further piece is held up for so long.
    Slow(Duration),
}

/// What is done, where and how often.
#[derive(Debug, Clone, Copy)]
pub struct Strike {
    /// Whether the bytes from the server are counted, or those to it.
    pub from_server: bool,
    /// The byte of a connection at which it is struck.
    pub at: u64,
    /// What happens then.
    pub what: What,
    /// How many connections are struck; those after them pass.
    pub times: u32,
}

/// The proxy. Dropping it cuts all connections and takes no more.
pub struct Proxy {
    /// The port on 127.0.0.1 to connect to instead of the server's.
    pub port: u16,
    state: Arc<State>,
}

struct State {
    server: u16,
    strike: Mutex<Option<Strike>>,
    struck: AtomicU32,
    closed: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A proxy to a port of 127.0.0.1 that lets everything pass.
    pub fn plain(server: u16) -> Self {
        Self::with(server, None)
    }

    /// A proxy to a port of 127.0.0.1 that strikes.
    pub fn before(server: u16, strike: Strike) -> Self {
        Self::with(server, Some(strike))
    }

    fn with(server: u16, strike: Option<Strike>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            server,
            strike: Mutex::new(strike),
            struck: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            sockets: Mutex::default(),
        });
        let of_thread = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_thread.closed.load(Ordering::SeqCst) {
                    break;
                }
                of_thread.clone().relay(client);
            }
        });
        Self { port, state }
    }

    /// How many connections were struck.
    pub fn struck(&self) -> u32 {
        self.state.struck.load(Ordering::SeqCst)
    }

    /// Waits until so many connections were struck.
    pub fn wait_for_strikes(&self, count: u32) {
        let begin = Instant::now();
        while self.struck() < count {
            assert!(begin.elapsed() < Duration::from_secs(60), "only {} of {count} strikes", self.struck());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends all connections, and refuses new ones until [`Self::open`].
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.state.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.close();
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    fn relay(self: Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { return };
        let both = || (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
        let (of_client, of_server) = both();
        self.sockets.lock().expect("the list of sockets").extend([of_client, of_server]);
        // Once a connection is swallowed, it is in both directions.
        let swallowed = Arc::new(AtomicBool::new(false));
        let ((client_in, server_out), (client_out, server_in)) = (both(), both());
        let (up, down) = (self.clone(), self);
        let (of_up, of_down) = (swallowed.clone(), swallowed);
        thread::spawn(move || up.copy(client_in, server_out, false, &of_up));
        thread::spawn(move || down.copy(server_in, client_out, true, &of_down));
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream, from_server: bool, swallowed: &AtomicBool) {
        let mut buffer = [0; 16 << 10];
        let (mut passed, mut slow, mut garbled) = (0_u64, None, 0);
        let mut struck = false;
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            if swallowed.load(Ordering::SeqCst) {
                continue;
            }
            let bytes = &mut buffer[..read];
            let strike = *self.strike.lock().expect("the strike");
            let due =
                |strike: &Strike| strike.from_server == from_server && passed + read as u64 > strike.at && !struck;
            let mut clean = 0;
            if let Some(strike) = strike.filter(due)
                && self
                    .struck
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < strike.times).then_some(n + 1))
                    .is_ok()
            {
                struck = true;
                let before = usize::try_from(strike.at.saturating_sub(passed)).expect("a piece is small");
                match strike.what {
                    What::Cut => {
                        let _ = to.write_all(&bytes[..before]);
                        break;
                    }
                    What::Swallow => {
                        let _ = to.write_all(&bytes[..before]);
                        swallowed.store(true, Ordering::SeqCst);
                        continue;
                    }
                    What::Garble(count) => (garbled, clean) = (count, before),
                    What::Slow(pause) => slow = Some(pause),
                }
            }
            for byte in bytes.iter_mut().skip(clean).take(garbled) {
                *byte = byte.wrapping_mul(31).wrapping_add(0x5b);
            }
            garbled = garbled.saturating_sub(read - clean);
            passed += read as u64;
            if let Some(pause) = slow {
                thread::sleep(pause);
            }
            if to.write_all(bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }

    fn cut(&self) {
        for socket in self.sockets.lock().expect("the list of sockets").drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
