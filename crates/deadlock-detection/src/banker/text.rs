//! A banker's system as text: what is free, the processes, and requests to be decided in turn.
//!
//! ```text
//! # comments and empty lines are skipped
//! available 3 3 2
//! process P0 has 0 1 0 claims 7 5 3
//! request P1 1 0 2
//! ```

use super::Banker;
use crate::error::Error;

/// The most processes of a system; its text comes from outside.
pub const MAX_PROCESSES: usize = 1000;
/// The most kinds of resources.
pub const MAX_RESOURCES: usize = 100;
/// The most requests of a text.
const MAX_REQUESTS: usize = 1000;

/// The example of the textbook, with the requests that it decides.
const TEXTBOOK: &str = "\
available 3 3 2
process P0 has 0 1 0 claims 7 5 3
process P1 has 2 0 0 claims 3 2 2
process P2 has 3 0 2 claims 9 0 2
process P3 has 2 1 1 claims 2 2 2
process P4 has 0 0 2 claims 4 3 3
request P1 1 0 2
request P4 3 3 0
request P0 0 2 0
";

/// A system, and the requests to be decided in it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The system.
    pub banker: Banker,
    /// Who asks for what, in turn.
    pub requests: Vec<(usize, Vec<u64>)>,
}

impl Problem {
    /// The example of Silberschatz, Galvin and Gagne: five processes, three resources, three requests.
    ///
    /// # Panics
    /// Never: the text is well-formed.
    #[must_use]
    pub fn textbook() -> Self {
        Problem::parse(TEXTBOOK).expect("the textbook's example is well-formed")
    }

    /// Reads a system and its requests.
    ///
    /// # Errors
    /// [`Error::Parse`] with the number of the line that can't be read.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut problem = None;
        for (place, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            let read = match (words.split_first(), problem.take()) {
                (None, unchanged) => Ok(unchanged),
                (Some((&"available", numbers)), None) => start(numbers).map(Some),
                (Some((&"available", _)), Some(_)) => Err("`available` stands once".to_owned()),
                (Some(_), None) => Err("the first line must be `available N N ...`".to_owned()),
                (Some((verb, rest)), Some(known)) => add(known, verb, rest).map(Some),
            };
            problem = read.map_err(|wrong| Error::Parse {
                line: place + 1,
                wrong,
            })?;
        }
        problem.ok_or_else(|| Error::Parse {
            line: 0,
            wrong: "the text is empty; it begins with `available N N ...`".to_owned(),
        })
    }
}

fn start(words: &[&str]) -> Result<Problem, String> {
    if words.is_empty() || words.len() > MAX_RESOURCES {
        return Err(format!(
            "a system has 1 to {MAX_RESOURCES} resources, not {}",
            words.len()
        ));
    }
    Ok(Problem {
        banker: Banker::new(numbers(words)?),
        requests: Vec::new(),
    })
}

fn add(mut problem: Problem, verb: &str, words: &[&str]) -> Result<Problem, String> {
    let (name, rest) = words
        .split_first()
        .ok_or_else(|| format!("`{verb}` needs the name of a process"))?;
    match verb {
        "process" => {
            let (has, claims) = has_and_claims(rest)?;
            if problem.banker.find(name).is_ok() {
                return Err(format!(
                    "there are two processes {name}; give one another name"
                ));
            }
            if problem.banker.names().count() >= MAX_PROCESSES {
                return Err(format!("a system has at most {MAX_PROCESSES} processes"));
            }
            let added = problem.banker.process(*name, has, claims);
            problem.banker = added.map_err(|refusal| refusal.to_string())?;
        }
        "request" => {
            let process = problem
                .banker
                .find(name)
                .map_err(|refusal| refusal.to_string())?;
            if problem.requests.len() >= MAX_REQUESTS {
                return Err(format!("a text has at most {MAX_REQUESTS} requests"));
            }
            problem.requests.push((process, numbers(rest)?));
        }
        other => {
            return Err(format!("`{other}` is none of available, process, request"));
        }
    }
    Ok(problem)
}

fn has_and_claims(words: &[&str]) -> Result<(Vec<u64>, Vec<u64>), String> {
    let middle = words.iter().position(|word| *word == "claims");
    let (Some((&"has", _)), Some(middle)) = (words.split_first(), middle) else {
        return Err("a process is written `process NAME has N N ... claims N N ...`".to_owned());
    };
    Ok((numbers(&words[1..middle])?, numbers(&words[middle + 1..])?))
}

fn numbers(words: &[&str]) -> Result<Vec<u64>, String> {
    let number = |word: &&str| {
        word.parse()
            .map_err(|_| format!("`{word}` is not a whole number from 0 on"))
    };
    words.iter().map(number).collect()
}
