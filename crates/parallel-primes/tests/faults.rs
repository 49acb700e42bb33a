//! What goes wrong around the sieve: readers that leave, disks that are full, work that panics.

use std::io::{self, ErrorKind, Write};
use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::time::Duration;

use labkit::wait;
use parallel_primes::Error;
use parallel_primes::cache::Caches;
use parallel_primes::list::list;
use parallel_primes::parallel::{equal_chunks, run_dynamic, run_equal};
use parallel_primes::wheel::Geometry;
use parallel_primes::wheel::segments::Segments;
use parallel_primes::wheel::sieving::SievingPrimes;

const LIMIT: Duration = Duration::from_secs(60);

/// Takes some bytes and then fails.
struct Failing {
    left: usize,
    kind: ErrorKind,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(self.kind.into());
        }
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn list_to(kind: ErrorKind) -> Result<(), Error> {
    let geometry = Geometry::for_caches(Caches::detect());
    // More than any memory holds: it must end when its reader does.
    list(
        0..10_u64.pow(15),
        geometry,
        &mut Failing {
            left: 100_000,
            kind,
        },
        |_| (),
    )
}

#[test]
fn a_reader_that_leaves_ends_the_list() {
    wait::within(LIMIT, || assert!(list_to(ErrorKind::BrokenPipe).is_ok()));
}

#[test]
fn a_full_disk_is_an_error() {
    wait::within(LIMIT, || {
        let error = list_to(ErrorKind::StorageFull);
        assert!(matches!(error, Err(Error::Output(_))), "{error:?}");
    });
}

#[test]
fn a_panic_in_a_thread_comes_out_of_the_run() {
    wait::within(LIMIT, || {
        let chunks = equal_chunks(0..8, NonZeroUsize::MIN.saturating_add(3));
        let work = |chunk: std::ops::Range<u64>| {
            assert!(chunk.start != 4, "the work's own words");
            chunk.end - chunk.start
        };
        let words = |panic: Box<dyn std::any::Any + Send>| {
            panic
                .downcast_ref::<&str>()
                .map(|words| (*words).to_owned())
        };
        let equal = catch_unwind(|| run_equal(&chunks, work)).map_err(words);
        assert_eq!(
            equal.err().flatten().as_deref(),
            Some("the work's own words")
        );
        let two = NonZeroUsize::MIN.saturating_add(1);
        let dynamic = catch_unwind(|| run_dynamic(&chunks, two, work)).map_err(words);
        assert_eq!(
            dynamic.err().flatten().as_deref(),
            Some("the work's own words")
        );
    });
}

#[test]
#[should_panic(expected = "primes up to the root")]
fn too_few_sieving_primes_are_noticed() {
    let geometry = Geometry::for_caches(Caches::FALLBACK);
    let sieving = SievingPrimes::for_end(1_000_000, geometry);
    Segments::new(0..2_000_000, &sieving, geometry).next_segment();
}

#[test]
fn geometries_that_the_sieve_is_not_made_for_are_refused() {
    for (block, segment) in [
        (128, 1024),
        (1024, 512),
        (300, 1024),
        (256, 1 << 24),
        (256, 0),
    ] {
        assert!(
            catch_unwind(|| Geometry::new(block, segment)).is_err(),
            "{block}, {segment}"
        );
    }
}
