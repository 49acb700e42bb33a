//! What is asked of a running supervisor, by its holder or an operator, and the answers.

use std::io::Read;

use labkit::clock::Clock;

use super::Machine;
use crate::error::Error;
use crate::live::logs::Log;
use crate::live::process::Process;
use crate::live::{Answer, Request, Row};
use crate::plan::ServiceId;
use crate::supervisor::{Event, tree};

impl Machine {
    pub(super) fn answer_requests(&mut self) {
        // More bytes than these are one more wake-up, and none would be no harm.
        let _ = (&self.woken).read(&mut [0; 64]);
        while let Ok((request, answer)) = self.asked.try_recv() {
            // Whoever asked may have gone.
            let _ = answer.send(self.answer(request));
        }
    }

    pub(super) fn answer(&mut self, request: Request) -> Result<Answer, Error> {
        let plan = self.supervisor.plan();
        match request {
            Request::Status => Ok(Answer::Rows(self.rows())),
            Request::Tree => {
                let rows = self.rows();
                let word = |service: ServiceId| rows[service].word();
                Ok(Answer::Picture(tree(plan, word)))
            }
            Request::Logs(name) => {
                let services = plan.named(&name)?;
                let lines = services.into_iter().flat_map(|at| self.logs[at].lines());
                Ok(Answer::Lines(lines.collect()))
            }
            Request::Restart(name) => {
                let services = plan.named(&name)?;
                self.tell(Event::Restart(services.clone()));
                Ok(Answer::Done(services))
            }
            Request::Stop(name) => {
                let services = plan.named(&name)?;
                self.tell(Event::Stop(services.clone()));
                Ok(Answer::Done(services))
            }
            Request::Add(service, group) => {
                let plan = plan.with(*service, &group)?;
                let known = self.processes.len();
                self.processes.push(None);
                self.logs.push(Log::default());
                let effects = self.supervisor.extend(self.clock.now(), plan);
                effects.into_iter().for_each(|effect| self.perform(effect));
                self.tell(Event::Tick);
                Ok(Answer::Done(vec![known]))
            }
            Request::Shutdown => {
                let services = (0..self.processes.len()).collect();
                self.tell(Event::Shutdown);
                Ok(Answer::Done(services))
            }
        }
    }

    fn rows(&self) -> Vec<Row> {
        let statuses = self.supervisor.status().into_iter().zip(&self.processes);
        let rows = statuses.map(|(status, process)| Row {
            status,
            pid: process.as_ref().map(Process::id),
            address: process
                .as_ref()
                .and_then(|p| p.address)
                .map(|at| at.to_string()),
        });
        rows.collect()
    }
}

impl Row {
    /// State, process, failures: what stands beside a service's name in the tree.
    pub(super) fn word(&self) -> String {
        let pid = self.pid.map_or(String::new(), |pid| format!(", pid {pid}"));
        let failures = match self.status.failures {
            0 => String::new(),
            1 => ", failed once".to_owned(),
            times => format!(", failed {times} times"),
        };
        let cause = self.status.last_cause.as_ref();
        let cause = cause.map_or(String::new(), |cause| format!(" ({cause})"));
        format!("{}{pid}{failures}{cause}", self.status.state)
    }
}
