//! The models, by what they are about.

mod tasks;
mod workers;

use loom::model::Builder;

/// All interleavings with up to this many switches away from a thread that could have gone on; known
/// bugs of such protocols need two or three (Musuvathi and Qadeer, PLDI 2007).
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
