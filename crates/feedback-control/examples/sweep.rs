//! tuning
use feedback_control::{comparison::*, controller::*, traffic::Model};
fn main() {
    let config = standard().unwrap();
    let seeds: Vec<u64> = (100..120).collect();
    let run = |t: &Tuning, label: &str| {
        print!("{label:28}");
        for m in Model::ALL {
            let mut r = vec![0.0; 4];
            for s in &seeds {
                let c = compare(&config, t, traffic(m, CYCLES, *s).unwrap()).unwrap();
                for (i, e) in c.entries.iter().enumerate() { r[i] += c.ratio(e) / seeds.len() as f64; }
            }
            print!(" | {:5}", m.name()); for x in r { print!(" {x:.3}"); }
        }
        println!();
    };
    let d = Tuning::default();
    run(&d, "default");
    if std::env::args().count() > 1 {
        for margin in [0.5, 1.0, 1.5, 2.0, 2.5] { for hold in [2, 4, 8] {
            let mut t = d.clone(); t.outlook.margin = margin; t.outlook.hold = hold;
            run(&t, &format!("margin {margin} hold {hold}"));
        }}
        for target in [0.7, 0.75, 0.8, 0.85, 0.9] { let mut t = d.clone(); t.tracking_target = target; t.pid_target = target; run(&t, &format!("target {target}")); }
        for (p, i) in [(0.0, 0.4), (0.0,0.8), (0.2,0.4),(0.2,0.6),(0.2,0.8),(0.4,0.8)] { let mut t = d.clone(); t.gains.proportional = p; t.gains.integral = i; run(&t, &format!("p {p} i {i}")); }
    }
}
