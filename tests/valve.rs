//! A TCP relay in front of a server that stops in the middle of a table: the way to catch a run halfway, every time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What happens once the valve has let its bytes through.
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    /// Nothing more arrives, but the connections stay open.
    Stall,
    /// All connections end in good order, as if the server had nothing more to say.
    End,
}

/// The relay. Dropping it cuts all connections.
pub struct Valve {
    /// The port on 127.0.0.1 to connect to instead of the server's.
    pub port: u16,
    state: Arc<State>,
}

struct State {
    server: u16,
    left: AtomicU64,
    then: Then,
    shut: AtomicBool,
    cut: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Valve {
    /// A relay to a port of 127.0.0.1 that lets `bytes` through from the server, all connections together.
    pub fn before(server: u16, bytes: u64, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            server,
            left: AtomicU64::new(bytes),
            then,
            shut: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            sockets: Mutex::default(),
        });
        let of_thread = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                of_thread.clone().relay(client);
            }
        });
        Self { port, state }
    }

    /// Waits until the valve has closed.
    pub fn wait_until_shut(&self) {
        let begin = Instant::now();
        while !self.state.shut.load(Ordering::SeqCst) {
            assert!(begin.elapsed() < Duration::from_secs(60), "the run never read as much as the valve lets through");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.state.cut();
    }
}

impl State {
    fn relay(self: Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { return };
        let copies = [client.try_clone().expect("a socket"), server.try_clone().expect("a socket")];
        self.sockets
            .lock()
            .expect("the list of sockets")
            .extend([client.try_clone().expect("a socket"), server.try_clone().expect("a socket")]);
        let [client_copy, server_copy] = copies;
        thread::spawn(move || copy(client_copy, server, |_| true));
        thread::spawn(move || copy(server_copy, client, |bytes| self.pass(bytes)));
    }

    /// Whether so many more bytes may pass; waits for ever (until the cut) once they may not and the valve stalls.
    fn pass(&self, bytes: u64) -> bool {
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(bytes)).is_ok() {
            return true;
        }
        self.left.store(0, Ordering::SeqCst);
        self.shut.store(true, Ordering::SeqCst);
        match self.then {
            Then::End => self.cut(),
            Then::Stall => {
                while !self.cut.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
        false
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for socket in self.sockets.lock().expect("the list of sockets").iter() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut pass: impl FnMut(u64) -> bool) {
    let mut buffer = [0; 16 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) if pass(read as u64) && to.write_all(&buffer[..read]).is_ok() => {}
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
