//! Stage 3: what is acknowledged is on disk, and a crash loses nothing of it.

mod support;

use std::fs::{self, OpenOptions};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use labkit::wait;
use metrics_logging::point::SeriesKey;
use metrics_logging::wal::frame::{Batch, Frames, Told, read, seal};
use metrics_logging::wal::{Sink, Wal};
use support::{PATIENCE, engine, rows, sample, write};

#[test]
fn frames_come_back_up_to_where_they_were_cut() {
    let payloads: Vec<Vec<u8>> = (0..20_u8).map(|at| vec![at; usize::from(at) * 7]).collect();
    let mut log = Vec::new();
    let mut ends = vec![0];
    for payload in &payloads {
        seal(payload, &mut log);
        ends.push(log.len());
    }
    for cut in 0..=log.len() {
        let mut frames = Frames::new(&log[..cut]);
        let found: Vec<&[u8]> = frames.by_ref().collect();
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        assert_eq!(found.len(), whole, "cut at {cut}");
        assert!(
            found
                .iter()
                .zip(&payloads)
                .all(|(found, payload)| found == payload)
        );
        assert_eq!(frames.whole(), ends[whole], "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_ends_the_log_before_its_frame() {
    let mut log = Vec::new();
    seal(b"first", &mut log);
    let first = log.len();
    seal(b"second", &mut log);
    for at in first..log.len() {
        let mut damaged = log.clone();
        damaged[at] ^= 1;
        let mut frames = Frames::new(&damaged);
        assert_eq!(frames.by_ref().count(), 1, "bit of byte {at}");
        assert_eq!(frames.whole(), first);
    }
    // A length that no log has isn't believed.
    let mut absurd = log.clone();
    absurd.extend_from_slice(&[0xff; 64]);
    assert_eq!(Frames::new(&absurd).count(), 2);
}

#[test]
fn a_batch_tells_what_was_put_in() {
    let key = SeriesKey::new("cpu", &[("host", "a")]);
    let mut batch = Batch::default();
    batch.define(7, &key, "usage");
    batch.push(7, sample(1_700_000_000_000_000_000, 1.5));
    batch.push(7, sample(-5, f64::MIN_POSITIVE));
    let mut log = Vec::new();
    seal(&batch.payload(), &mut log);
    let payload = Frames::new(&log).next().expect("a whole frame");
    let mut told = Vec::new();
    read(payload, |it| told.push(it)).unwrap();
    assert_eq!(
        told,
        [
            Told::Series(7, key, "usage".to_owned()),
            Told::Sample(7, sample(1_700_000_000_000_000_000, 1.5)),
            Told::Sample(7, sample(-5, f64::MIN_POSITIVE)),
        ]
    );
}

/// A disk that says how much of what it was given is safe, and syncs only when it is let.
struct Disk {
    given: u64,
    safe: Arc<AtomicU64>,
    /// A word for each sync that may happen; a closed channel lets all happen.
    let_sync: mpsc::Receiver<()>,
    /// Told when a sync begins.
    begun: mpsc::Sender<()>,
    fails: bool,
}

impl Sink for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.given += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        // Who listens no longer has seen enough.
        let _ = self.begun.send(());
        // An error says that all syncs may happen.
        let _ = self.let_sync.recv();
        if self.fails {
            return Err(io::Error::other("no room"));
        }
        self.safe.store(self.given, Ordering::SeqCst);
        Ok(())
    }
}

struct Bench {
    wal: Arc<Wal<Disk>>,
    safe: Arc<AtomicU64>,
    let_sync: mpsc::Sender<()>,
    begun: mpsc::Receiver<()>,
}

fn bench(fails: bool) -> Bench {
    let (let_sync, gate) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let safe = Arc::new(AtomicU64::new(0));
    let disk = Disk {
        given: 0,
        safe: Arc::clone(&safe),
        let_sync: gate,
        begun: begin,
        fails,
    };
    Bench {
        wal: Arc::new(Wal::new(disk)),
        safe,
        let_sync,
        begun,
    }
}

/// Waits until a sync begins, or nobody is left who could begin it; says whether it began.
fn begins(begun: &mpsc::Receiver<()>, leader: &JoinHandle<()>) -> bool {
    let mut seen = false;
    wait::until(PATIENCE, || {
        seen = begun.try_recv().is_ok();
        seen || leader.is_finished()
    }) && seen
}

#[test]
fn nobody_returns_before_his_frame_is_safe() {
    wait::within(PATIENCE, || {
        let Bench {
            wal,
            safe,
            let_sync,
            begun,
        } = bench(false);
        let end = wal.append(b"precious").unwrap();
        let (done, returned) = mpsc::channel();
        let waiter = Arc::clone(&wal);
        let thread = thread::spawn(move || {
            waiter.wait_durable(end).unwrap();
            done.send(safe.load(Ordering::SeqCst)).unwrap();
        });
        assert!(begins(&begun, &thread));
        assert!(returned.try_recv().is_err(), "the sync has only begun");
        let_sync.send(()).unwrap();
        assert!(returned.recv().unwrap() >= end);
        thread.join().unwrap();
    });
}

#[test]
fn many_writers_share_a_sync() {
    const WRITERS: usize = 20;
    wait::within(PATIENCE, || {
        let Bench {
            wal,
            safe,
            let_sync,
            begun,
        } = bench(false);
        let first = wal.append(b"first").unwrap();
        let leader = {
            let wal = Arc::clone(&wal);
            thread::spawn(move || wal.wait_durable(first).unwrap())
        };
        assert!(begins(&begun, &leader));
        // While the first is synced, the others gather.
        let ends: Vec<u64> = (0..WRITERS)
            .map(|_| wal.append(b"others").unwrap())
            .collect();
        let writers: Vec<_> = ends
            .into_iter()
            .map(|end| {
                let (wal, safe) = (Arc::clone(&wal), Arc::clone(&safe));
                thread::spawn(move || {
                    wal.wait_durable(end).unwrap();
                    assert!(safe.load(Ordering::SeqCst) >= end);
                })
            })
            .collect();
        drop(let_sync);
        leader.join().unwrap();
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        let (_, syncs) = wal.counts();
        assert_eq!(
            syncs, 2,
            "one for the first, one for all that waited meanwhile"
        );
    });
}

#[test]
fn a_log_that_failed_once_takes_nothing_more() {
    wait::within(PATIENCE, || {
        let Bench { wal, let_sync, .. } = bench(true);
        drop(let_sync);
        let end = wal.append(b"lost").unwrap();
        let error = wal.wait_durable(end).unwrap_err();
        assert!(error.to_string().contains("no room"), "{error}");
        assert!(wal.append(b"more").is_err());
        assert!(
            wal.wait_durable(end).is_err(),
            "no second try may say that it is there"
        );
    });
}

#[test]
fn an_engine_that_is_opened_again_has_all_that_was_acknowledged() {
    wait::within(PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for round in 0..5 {
            let engine = engine(folder.path());
            assert_eq!(rows(&engine, "cpu", "usage"), expected, "round {round}");
            for at in 0..100 {
                let time = round * 1000 + at;
                let written = write(&engine, &format!("cpu,host=a usage={at} {time}"));
                assert_eq!(written.samples, 1);
                expected.push((time, at as f64));
            }
            if round % 2 == 1 {
                engine.checkpoint().unwrap();
            }
        }
    });
}

#[test]
fn a_log_cut_anywhere_gives_back_the_whole_batches_before() {
    wait::within(PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log-1");
        let mut ends = vec![0];
        {
            let engine = engine(folder.path());
            for batch in 0..6 {
                write(
                    &engine,
                    &format!("cpu usage=1,idle=2 {batch}\nmem used=3 {batch}"),
                );
                ends.push(fs::metadata(&log).unwrap().len());
            }
        }
        let bytes = fs::read(&log).unwrap();
        for cut in 0..=bytes.len() {
            let copy = tempfile::tempdir().unwrap();
            fs::write(copy.path().join("log-1"), &bytes[..cut]).unwrap();
            let engine = engine(copy.path());
            let whole = ends.iter().filter(|end| **end <= cut as u64).count() - 1;
            assert_eq!(rows(&engine, "cpu", "idle").len(), whole, "cut at {cut}");
            assert_eq!(rows(&engine, "mem", "used").len(), whole, "cut at {cut}");
            assert_eq!(engine.recovered().torn_bytes, cut as u64 - ends[whole]);
        }
    });
}

#[test]
fn a_damaged_log_that_isnt_the_last_is_refused() {
    wait::within(PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        write(&engine(folder.path()), "cpu usage=1 1");
        write(&engine(folder.path()), "cpu usage=2 2");
        assert_eq!(rows(&engine(folder.path()), "cpu", "usage").len(), 2);
        let first = folder.path().join("log-1");
        let length = fs::metadata(&first).unwrap().len();
        let file = OpenOptions::new().write(true).open(&first).unwrap();
        file.set_len(length - 1).unwrap();
        let error = metrics_logging::Engine::open(folder.path(), Default::default()).unwrap_err();
        assert!(error.to_string().contains("log-1 is damaged"), "{error}");
    });
}
