//! The parts of a `SELECT`.

use super::super::{Aggregate, By, Filter};
use super::parser::Parser;
use super::tokens::{Token, wrong};
use super::{Columns, Select};
use crate::error::Error;
use crate::instant;

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Result<Select, Error> {
        let columns = self.columns()?;
        self.must("from")?;
        let mut select = Select {
            columns,
            measurement: self.measurement()?,
            filters: Vec::new(),
            range: i64::MIN..i64::MAX,
            every: None,
            by: None,
            fill: false,
            descending: false,
            limit: None,
        };
        if self.word("where") {
            self.conditions(&mut select)?;
        }
        if self.word("group") {
            self.must("by")?;
            self.group_by(&mut select)?;
        }
        self.tail(&mut select)?;
        if select.every.is_some() && !matches!(select.columns, Columns::Summed(_)) {
            let what = "GROUP BY time() needs an aggregate, as in SELECT mean(usage)";
            return Err(wrong(1, what));
        }
        Ok(select)
    }

    fn columns(&mut self) -> Result<Columns, Error> {
        if self.sign("*") {
            return Ok(Columns::All);
        }
        let (mut raw, mut summed) = (Vec::new(), Vec::new());
        loop {
            let place = self.place();
            let name = self.name()?;
            if self.sign("(") {
                let field = self.name()?;
                let aggregate = self.aggregate(place, &name)?;
                self.must_sign(")")?;
                let column = if self.word("as") {
                    self.name()?
                } else {
                    name.to_ascii_lowercase()
                };
                summed.push((column, aggregate, field));
            } else {
                raw.push(name);
            }
            if !self.sign(",") {
                break;
            }
        }
        match (raw.is_empty(), summed.is_empty()) {
            (true, _) => Ok(Columns::Summed(summed)),
            (_, true) => Ok(Columns::Raw(raw)),
            _ => Err(wrong(
                1,
                "fields and aggregates can't be mixed; ask for one or the other",
            )),
        }
    }

    fn aggregate(&mut self, place: usize, name: &str) -> Result<Aggregate, Error> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "mean" => Aggregate::Mean,
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            "sum" => Aggregate::Sum,
            "count" => Aggregate::Count,
            "first" => Aggregate::First,
            "last" => Aggregate::Last,
            "rate" => Aggregate::Rate,
            "p99" => Aggregate::Percentile(99.0),
            "percentile" => {
                self.must_sign(",")?;
                Aggregate::Percentile(self.percent()?)
            }
            _ => {
                let known =
                    "mean, min, max, sum, count, first, last, percentile(field, p), p99, rate";
                return Err(wrong(
                    place,
                    format!("{name:?} is no aggregate; there are {known}"),
                ));
            }
        })
    }

    fn percent(&mut self) -> Result<f64, Error> {
        let place = self.place();
        let percent = match self.next() {
            Some(Token::Whole(whole)) => *whole as f64,
            Some(Token::Number(number)) => *number,
            _ => f64::NAN,
        };
        if (0.0..=100.0).contains(&percent) {
            return Ok(percent);
        }
        Err(wrong(place, "a percentile from 0 to 100 was expected"))
    }

    fn conditions(&mut self, select: &mut Select) -> Result<(), Error> {
        loop {
            if self.sign("(") {
                self.conditions(select)?;
                self.must_sign(")")?;
            } else {
                self.condition(select)?;
            }
            if !self.word("and") {
                return Ok(());
            }
        }
    }

    fn condition(&mut self, select: &mut Select) -> Result<(), Error> {
        let name = self.name()?;
        let place = self.place();
        let Some(Token::Sign(sign)) = self.next() else {
            return Err(wrong(place, "=, !=, <, <=, > or >= was expected"));
        };
        if name.eq_ignore_ascii_case("time") {
            let time = self.time()?;
            let after = time.saturating_add(1);
            let (start, end) = match *sign {
                ">=" => (time, i64::MAX),
                ">" => (after, i64::MAX),
                "<" => (i64::MIN, time),
                "<=" => (i64::MIN, after),
                "=" => (time, after),
                _ => return Err(wrong(place, format!("{sign} can't compare times"))),
            };
            select.range = select.range.start.max(start)..select.range.end.min(end);
            return Ok(());
        }
        let equal = match *sign {
            "=" => true,
            "!=" | "<>" => false,
            _ => {
                return Err(wrong(
                    place,
                    format!("{sign} can't compare tags; there are = and !="),
                ));
            }
        };
        let place = self.place();
        let Some(Token::Text(value)) = self.next() else {
            return Err(wrong(place, "a tag's value was expected, in single quotes"));
        };
        select.filters.push(Filter {
            tag: name,
            value: value.clone(),
            equal,
        });
        Ok(())
    }

    /// `now() - 1h`, `'2026-01-01T00:00:00Z'`, nanoseconds, or a number with a unit.
    fn time(&mut self) -> Result<i64, Error> {
        let place = self.place();
        let negative = self.sign("-");
        let mut time = match self.next() {
            Some(Token::Whole(nanoseconds) | Token::Duration(nanoseconds)) => *nanoseconds,
            Some(Token::Text(text)) => instant::parse(text)
                .ok_or_else(|| wrong(place, "this isn't a time; write '2026-01-01T00:00:00Z'"))?,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("now") => {
                self.must_sign("(")?;
                self.must_sign(")")?;
                self.now
            }
            _ => {
                let what =
                    "a time was expected: now() - 1h, '2026-01-01T00:00:00Z', or nanoseconds";
                return Err(wrong(place, what));
            }
        };
        if negative {
            time = -time;
        }
        while let Some(Token::Sign(sign @ ("+" | "-"))) = self.peek() {
            self.next();
            let place = self.place();
            let Some(Token::Duration(step)) = self.next() else {
                return Err(wrong(place, "a duration was expected after + or -, as 5m"));
            };
            time = time.saturating_add(if *sign == "+" { *step } else { -*step });
        }
        Ok(time)
    }

    fn group_by(&mut self, select: &mut Select) -> Result<(), Error> {
        let mut tags = Vec::new();
        loop {
            if self.sign("*") {
                select.by = Some(By::All);
            } else {
                let name = self.name()?;
                if name.eq_ignore_ascii_case("time") && self.sign("(") {
                    let place = self.place();
                    let Some(Token::Duration(every)) = self.next() else {
                        return Err(wrong(place, "a window was expected, as time(1m)"));
                    };
                    select.every = Some(*every);
                    select.fill = true;
                    self.must_sign(")")?;
                } else {
                    tags.push(name);
                }
            }
            if !self.sign(",") {
                break;
            }
        }
        if select.by.is_none() && !tags.is_empty() {
            select.by = Some(By::Tags(tags));
        }
        Ok(())
    }

    /// What may follow, in this order: fill, order, limit.
    fn tail(&mut self, select: &mut Select) -> Result<(), Error> {
        if self.word("fill") {
            self.must_sign("(")?;
            let place = self.place();
            select.fill = match self.name()?.as_str() {
                "none" => false,
                "null" => select.fill,
                _ => return Err(wrong(place, "none or null was expected")),
            };
            self.must_sign(")")?;
        }
        if self.word("order") {
            self.must("by")?;
            self.must("time")?;
            select.descending = self.word("desc");
            if !select.descending {
                self.word("asc");
            }
        }
        if self.word("limit") {
            select.limit = Some(self.whole()?);
        }
        Ok(())
    }
}
