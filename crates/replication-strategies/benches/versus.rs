//! x
fn main() {
    use replication_strategies::{comparison, config::Settings};
    let seed = std::env::args()
        .filter_map(|a| a.parse().ok())
        .next()
        .unwrap_or(1);
    let settings = Settings {
        ..Settings::default()
    };
    let w = labkit::clock::Stopwatch::start();
    let mixes = comparison::compare_mixes(&settings, seed, &|| ()).unwrap();
    for mix in &mixes {
        println!(
            "writes {} ratio {:.3}",
            mix.write_share,
            mix.adaptive_ratio()
        );
        for ((k, o), c) in mix.outcomes.iter().zip(&mix.costs) {
            println!(
                "  {:9} mean {:7.2} p99 {:7.1} local {:.3} stale {:.4} lag {:7.1} kB/req {:7.1} copied MB {:7.1} cost {:.3}",
                k.name(),
                o.mean_ms(),
                o.p99_ms(),
                o.local_share(),
                o.stale_share(),
                o.lag_ms(),
                o.bytes_per_request() / 1e3,
                o.copied_bytes / 1e6,
                c
            );
        }
    }
    println!("{:.2} s", w.seconds());
}
