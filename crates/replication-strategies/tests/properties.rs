//! What holds of every strategy, whatever the settings.

use proptest::prelude::*;
use replication_strategies::config::{Config, Settings};
use replication_strategies::live::trial::disagreements;
use replication_strategies::simulator::{Simulator, simulate};
use replication_strategies::strategy::Kind;
use replication_strategies::topology::REGIONS;

fn settings() -> impl Strategy<Value = Settings> {
    let shares = (0.0..=1.0_f64, 0.0..=1.0_f64, 0.0..=1.0_f64);
    let sizes = (1..=10_usize, 1..80_usize, 8.0..1e6_f64);
    let times = (1.0..5_000.0_f64, 0.001..5.0_f64, 1.0..1_000.0_f64);
    (shares, sizes, times, 0.0..2.0_f64, 0..100_u32).prop_flat_map(
        |(shares, sizes, times, skew, drift)| {
            let (write_share, local_taste, budget) = shares;
            let (nodes, objects, mean_bytes) = sizes;
            let (rate, window_s, mbit) = times;
            (1..=nodes).prop_map(move |replicas| Settings {
                regions: REGIONS[..nodes]
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect(),
                requests: 1_500,
                warm_share: 0.0,
                write_share,
                local_taste,
                budget,
                objects,
                mean_bytes,
                rate,
                window_s,
                mbit,
                skew,
                drift,
                replicas,
                ..Settings::default()
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn bytes_are_conserved_homes_hold_and_copies_converge(
        settings in settings(), seed in any::<u64>(),
    ) {
        let config = Config::new(settings).unwrap();
        for kind in Kind::ALL {
            let mut simulator = Simulator::new(&config, kind, seed);
            let outcome = simulator.run();
            prop_assert_eq!(outcome.requests(), 1_500, "{:?} answers everything", kind);
            prop_assert_eq!(outcome.unaccounted, 0, "{:?} conserves", kind);
            prop_assert!(outcome.local <= outcome.reads && outcome.stale <= outcome.reads);
            if kind == Kind::Full {
                prop_assert_eq!(outcome.local, outcome.reads);
            }
            let books = simulator.directory();
            let mut copies = 0;
            for object in books.catalogue().objects() {
                let holders = books.holders(object);
                let home = books.catalogue().home(object);
                prop_assert!(holders.has(home), "{:?}", kind);
                copies += u64::from(books.catalogue().size(object))
                    * (holders.len() as u64 - 1);
                for node in holders.iter() {
                    let version = books.version_at(node, object);
                    prop_assert_eq!(version, books.newest(object), "{:?} converges", kind);
                }
                prop_assert_eq!(books.holders_to_be(object), holders, "{:?} is quiet", kind);
            }
            prop_assert_eq!(books.copied_bytes(), copies);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_seed_makes_the_same_run(settings in settings(), seed in any::<u64>()) {
        let config = Config::new(settings).unwrap();
        for kind in Kind::ALL {
            let (a, b) = (simulate(&config, kind, seed), simulate(&config, kind, seed));
            prop_assert_eq!(a.response_ns, b.response_ns);
            prop_assert_eq!((a.bytes, a.stale, a.local), (b.bytes, b.stale, b.local));
        }
    }
}

#[test]
fn an_order_that_is_the_other_way_round_live_is_found() {
    let simulated = [(Kind::Full, 1.0), (Kind::Lru, 2.0), (Kind::Single, 10.0)];
    let live = [(Kind::Full, 3.0), (Kind::Lru, 2.0), (Kind::Single, 1.0)];
    let found = disagreements(&simulated, &live, 3.0);
    assert_eq!(
        found,
        [(Kind::Full, Kind::Single), (Kind::Lru, Kind::Single)]
    );
}
