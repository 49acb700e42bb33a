//! The four servers side by side, against a bare `epoll` loop that does nothing but the protocol.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use labkit::versus::{Suite, Target, Work};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tcp_server::load::{Crowd, Load, Until};
use tcp_server::measure::sample;
use tcp_server::{Config, Echo, Kind, Server};

/// What the readiness loop has to reach of the bare one.
const OF_THE_LIMIT: f64 = 0.9;

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let cores = Config::default().threads;
    let limit = BareLoops::start(cores);
    for (connections, pipeline, messages) in
        [(100, 1, 40_000), (1_000, 1, 40_000), (100, 32, 800_000)]
    {
        let load = Load {
            connections,
            pipeline,
            ..Load::default()
        };
        contest(&mut suite, &load, messages, limit);
    }
    memory(&mut suite);
    suite.finish()
}

/// So many messages, shared by so many clients.
fn contest(suite: &mut Suite, load: &Load, messages: usize, limit: SocketAddr) {
    let servers = Kind::ALL.map(|kind| {
        let server = Server::start(kind, Config::default(), Echo);
        server.expect("a server on a free port")
    });
    let batches = messages / load.connections / load.pipeline;
    let until = Until::Batches(batches as u64);
    let total = batches * load.connections * load.pipeline;
    let round = |address: SocketAddr| {
        let mut crowd = Crowd::connect(address, load).expect("all clients connect");
        move || {
            let outcome = crowd.run(until).expect("the poller works");
            assert_eq!((outcome.messages, outcome.failures), (total as u64, 0));
            Duration::from_secs_f64(outcome.seconds)
        }
    };
    let at = |kind: Kind| {
        let server = servers.iter().find(|server| server.kind() == kind);
        server.expect("there is one of each kind").local_addr()
    };
    let name = format!(
        "{} clients, {} lines at once",
        load.connections, load.pipeline
    );
    suite
        .contest(name, Work::items(total as f64, "messages"))
        .ours("readiness loops", round(at(Kind::Readiness)))
        .peer(
            "bare epoll loops (the limit)",
            Target::AtLeast(OF_THE_LIMIT),
            round(limit),
        )
        .peer("threads (ours)", Target::None, round(at(Kind::Threads)))
        .peer("pool (ours)", Target::None, round(at(Kind::Pool)))
        .peer("tasks (ours, tokio)", Target::None, round(at(Kind::Tasks)))
        .run();
}

/// What a silent connection costs each of the four.
fn memory(suite: &mut Suite) {
    let connections = if suite.quick() { 1_000 } else { 10_000 };
    let load = Load {
        connections,
        ..Load::default()
    };
    for kind in Kind::ALL {
        let program = Path::new(env!("CARGO_BIN_EXE_tcp-server"));
        let note = match sample(program, kind, &load, Duration::ZERO) {
            Ok(sample) => format!(
                "{kind}: {:.2} KiB in the process and {:.2} KiB in the kernel (both ends) for each of \
                 {connections} silent connections, {} threads.",
                sample.process_bytes / 1_024.0,
                sample.kernel_bytes / 1_024.0,
                sample.threads,
            ),
            Err(error) => format!("{kind}: memory was not measured: {error}"),
        };
        suite.note(note);
    }
}

/// The least that can serve this protocol: no limits, no counts, no end; it relies on every read
/// bringing whole lines, which is true for the bench's clients alone.
struct BareLoops;

impl BareLoops {
    /// Starts a loop on each core and an accepting thread, until the process ends.
    fn start(cores: usize) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let loops: Vec<Arc<BareLoop>> = (0..cores).map(|_| BareLoop::start()).collect();
        thread::spawn(move || {
            for (number, socket) in listener.incoming().enumerate() {
                loops[number % cores].add(socket.expect("a connection"));
            }
        });
        address
    }
}

struct BareLoop {
    epoll: Epoll,
    /// Where sockets are found by their token; they are never closed before the process ends.
    sockets: std::sync::RwLock<Vec<TcpStream>>,
}

impl BareLoop {
    fn start() -> Arc<Self> {
        let this = Arc::new(BareLoop {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("an epoll"),
            sockets: std::sync::RwLock::default(),
        });
        let own = Arc::clone(&this);
        thread::spawn(move || own.run());
        this
    }

    fn add(&self, socket: TcpStream) {
        socket.set_nodelay(true).expect("a TCP socket");
        socket.set_nonblocking(true).expect("a TCP socket");
        let mut sockets = self.sockets.write().expect("nobody panics");
        let event = EpollEvent::new(EpollFlags::EPOLLIN, sockets.len() as u64);
        self.epoll.add(&socket, event).expect("a new socket");
        sockets.push(socket);
    }

    fn run(&self) {
        let mut events = vec![EpollEvent::empty(); 1_024];
        let (mut chunk, mut answers) = (vec![0; 16 * 1024], Vec::new());
        loop {
            let ready = self.epoll.wait(&mut events, EpollTimeout::NONE);
            let sockets = self.sockets.read().expect("nobody panics");
            for event in &events[..ready.unwrap_or(0)] {
                let token = usize::try_from(event.data()).expect("it was made of one");
                let mut socket = &sockets[token];
                let length = match socket.read(&mut chunk) {
                    Ok(0) => {
                        self.epoll.delete(socket).expect("it was added");
                        continue;
                    }
                    Ok(length) => length,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                    Err(_) => continue,
                };
                for line in chunk[..length].split_inclusive(|byte| *byte == b'\n') {
                    answers.extend_from_slice(b"Echo: ");
                    answers.extend_from_slice(line);
                }
                socket.write_all(&answers).expect("the clients read");
                answers.clear();
            }
        }
    }
}
