//! Stage 2: Zipf's law, and a workload that drifts.

use std::collections::BTreeMap;

use labkit::rng::Stream;
use rand::Rng;
use replication_strategies::config::{Config, Settings};
use replication_strategies::exponential::Exponential;
use replication_strategies::workload::{Request, WRITTEN_EVERY, Workload};
use replication_strategies::zipf::Zipf;

const DRAWS: usize = 1_000_000;

fn frequencies(zipf: &Zipf, ranks: usize) -> Vec<f64> {
    let mut chance = Stream::named(1, "zipf");
    let mut counts = vec![0_u32; ranks];
    for _ in 0..DRAWS {
        counts[zipf.rank(chance.next_u64())] += 1;
    }
    counts
        .iter()
        .map(|count| f64::from(*count) / DRAWS as f64)
        .collect()
}

#[test]
fn ranks_come_as_often_as_the_law_says() {
    for (ranks, skew) in [(1, 0.9), (2, 1.0), (7, 0.0), (100, 0.9), (1_000, 1.3)] {
        let zipf = Zipf::new(ranks, skew).unwrap();
        let total: f64 = (1..=ranks).map(|rank| (rank as f64).powf(-skew)).sum();
        for (rank, seen) in frequencies(&zipf, ranks).into_iter().enumerate() {
            let law = ((rank + 1) as f64).powf(-skew) / total;
            assert!((zipf.probability(rank) - law).abs() < 1e-12);
            // Six standard deviations of a binomial count.
            let noise = 6.0 * (law * (1.0 - law) / DRAWS as f64).sqrt() + 1e-9;
            assert!(
                (seen - law).abs() <= noise,
                "{ranks}, {skew}, rank {rank}: {seen}, {law}"
            );
        }
    }
}

#[test]
fn exponential_numbers_are_minus_the_logarithm() {
    let exponential = Exponential::new();
    let mut chance = Stream::named(2, "exponential");
    let special = [0, u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 11, 1 << 62];
    let drawn = (0..100_000).map(|_| chance.next_u64());
    for bits in special.into_iter().chain(drawn) {
        let unit = ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        let error = exponential.draw(bits) + unit.ln();
        assert!(error.abs() < 1e-13, "{bits}: off by {error}");
    }
}

fn settings() -> Settings {
    Settings {
        write_share: 0.25,
        local_taste: 0.0,
        drift: 0,
        ..Settings::default()
    }
}

fn requests(settings: Settings, count: usize) -> Vec<Request> {
    let config = Config::new(settings).unwrap();
    let mut workload = Workload::new(&config, Stream::named(7, "workload"));
    (0..count).map(|_| workload.next_request()).collect()
}

/// What is read most.
fn favourite<'a>(requests: impl Iterator<Item = &'a Request>) -> u32 {
    let mut counts = BTreeMap::new();
    for request in requests.filter(|request| !request.write) {
        *counts.entry(request.object).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|entry| entry.1).unwrap().0
}

#[test]
fn arrivals_are_a_poisson_process_of_the_right_rate() {
    let requests = requests(settings(), 200_000);
    let gaps: Vec<f64> = requests
        .windows(2)
        .map(|pair| (pair[1].at - pair[0].at) as f64 / 1e9)
        .collect();
    let mean = labkit::stats::mean(&gaps);
    assert!((mean * 2_000.0 - 1.0).abs() < 0.02, "{mean}");
    let square = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    let variation = square.sqrt() / mean;
    assert!(
        (variation - 1.0).abs() < 0.02,
        "exponential gaps: {variation}"
    );
}

#[test]
fn nodes_and_writes_have_their_shares() {
    let requests = requests(settings(), 200_000);
    for node in 0..10 {
        let share = requests.iter().filter(|r| r.node == node).count();
        assert!((18_500..21_500).contains(&share), "node {node}: {share}");
    }
    let writes: Vec<&Request> = requests.iter().filter(|r| r.write).collect();
    assert!((48_500..51_500).contains(&writes.len()), "{}", writes.len());
    // Four fifths go there by intent, and a fifth of the others by chance.
    let written = writes
        .iter()
        .filter(|r| r.object % WRITTEN_EVERY == 0)
        .count();
    let share = written as f64 / writes.len() as f64;
    assert!(share > 0.8, "{share}");
}

#[test]
fn something_new_becomes_the_favourite_and_pushes_the_last_one_down() {
    let drifting = Settings {
        drift: 3,
        epoch_s: 5.0,
        write_share: 0.0,
        ..settings()
    };
    let requests = requests(drifting, 60_000);
    let during = |epoch: u64| {
        let within = move |r: &&Request| r.at / 5_000_000_000 == epoch;
        favourite(requests.iter().filter(within))
    };
    assert_eq!([during(0), during(1), during(2)], [0, 997, 994]);
    // The former favourite has rank 3 now.
    let share = |object: u32| {
        let there = requests.iter().filter(|r| r.at / 5_000_000_000 == 1);
        let (all, its) = there.fold((0.0, 0.0), |sum, r| {
            (sum.0 + 1.0, sum.1 + f64::from(u8::from(r.object == object)))
        });
        its / all
    };
    let fall = share(997) / share(0);
    assert!((fall - 4.0_f64.powf(0.9)).abs() < 0.7, "{fall}");
}

#[test]
fn regions_have_a_taste_of_their_own() {
    let own = requests(
        Settings {
            local_taste: 1.0,
            ..settings()
        },
        100_000,
    );
    let tastes: Vec<u32> = (0..10)
        .map(|node| favourite(own.iter().filter(move |r| r.node == node)))
        .collect();
    let expected: Vec<u32> = (0..10).map(|node| 100 * node).collect();
    assert_eq!(tastes, expected);
    let shared = requests(settings(), 100_000);
    for node in 0..10 {
        assert_eq!(favourite(shared.iter().filter(|r| r.node == node)), 0);
    }
}

#[test]
fn the_same_seed_makes_the_same_requests() {
    assert_eq!(requests(settings(), 1_000), requests(settings(), 1_000));
}
