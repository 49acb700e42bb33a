//! detail
use feedback_control::{comparison::*, controller::*, traffic::Model};
fn main() {
    let config = standard().unwrap();
    for m in Model::ALL { for s in 0..2 {
        let c = compare(&config, &Tuning::default(), traffic(m, CYCLES, s).unwrap()).unwrap();
        println!("{} {s} optimum {:.1} sh {:.1}", m.name(), c.optimum.cost, c.optimum.servers.iter().sum::<usize>() as f64 *15./3600.);
        for e in &c.entries { let x=&e.score; println!("  {:16} cost {:.1} ({:.3}) sh {:.1} over {:.1} dropped {:.0} act {} rev {} settle {:?}", e.kind.name(), x.cost, c.ratio(e), x.server_hours, x.over_minutes, x.dropped, x.actions, x.reversals, e.settling); }
    }}
}
