//! Names, and who has to wait for whom.

use std::collections::BTreeMap;

use super::{Child, Group, MOST, Plan, ROOT, Service, ServiceId};
use crate::error::Error;

/// Every name and what it stands for.
pub(super) fn names(
    groups: &[Group],
    services: &[Service],
) -> Result<BTreeMap<String, Child>, Error> {
    if groups.len() + services.len() > MOST {
        return Err(Error::TooMany {
            given: groups.len() + services.len(),
        });
    }
    let groups = groups.iter().enumerate();
    let groups = groups.map(|(id, group)| (&group.name, Child::Group(id)));
    let services = services.iter().enumerate();
    let services = services.map(|(id, service)| (&service.name, Child::Service(id)));
    let mut names = BTreeMap::new();
    for (name, child) in groups.chain(services) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
            return Err(Error::Name { name: name.clone() });
        }
        if names.insert(name.clone(), child).is_some() {
            return Err(Error::NamedTwice { name: name.clone() });
        }
    }
    Ok(names)
}

/// A group whose ancestors are a circle has no way to the root.
pub(super) fn check_reachable(plan: &Plan) -> Result<(), Error> {
    for (id, group) in plan.groups.iter().enumerate() {
        let steps = std::iter::successors(Some(id), |at| plan.above(Child::Group(*at)));
        let is_lost = !steps.take(plan.groups.len() + 1).any(|at| at == ROOT);
        // The root as somebody's child is a circle too.
        if is_lost || plan.children[id].contains(&Child::Group(ROOT)) {
            return Err(Error::Cycle(format!(
                "group `{}` contains itself",
                group.name
            )));
        }
    }
    Ok(())
}

/// What each service has to wait for: what it names, and in ordered groups all that stands before it.
pub(super) fn needs(
    plan: &Plan,
    names: &BTreeMap<String, Child>,
) -> Result<Vec<Vec<ServiceId>>, Error> {
    let mut needs: Vec<Vec<ServiceId>> = Vec::new();
    for service in &plan.services {
        let mut of_service = Vec::new();
        for name in &service.needs {
            let child = names.get(name).ok_or_else(|| Error::Unknown {
                name: name.clone(),
                place: format!("the needs of service `{}`", service.name),
            })?;
            of_service.extend(plan.services_below(*child));
        }
        needs.push(of_service);
    }
    for (id, group) in plan.groups.iter().enumerate() {
        if !group.strategy.is_ordered() {
            continue;
        }
        let mut before: Vec<ServiceId> = Vec::new();
        for child in &plan.children[id] {
            let services = plan.services_below(*child);
            for service in &services {
                needs[*service].extend(&before);
            }
            before.extend(services);
        }
    }
    for of_service in &mut needs {
        of_service.sort_unstable();
        of_service.dedup();
    }
    Ok(needs)
}

/// Finds services that wait for each other in a circle, and says along which way.
pub(super) fn check_acyclic(plan: &Plan) -> Result<(), Error> {
    // BEGIN SOLUTION stage 2: depth first; a service that is met again on its own way closes a circle
    let mut is_safe = vec![false; plan.services.len()];
    for service in 0..plan.services.len() {
        let mut way = Vec::new();
        if let Some(circle) = circle(plan, service, &mut way, &mut is_safe) {
            let names: Vec<&str> = circle
                .iter()
                .map(|service| plan.services[*service].name.as_str())
                .collect();
            return Err(Error::Cycle(names.join(" needs ")));
        }
    }
    Ok(())
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 2: how a circle is followed
/// The circle that closes on the way from a service, its first member repeated at its end.
fn circle(
    plan: &Plan,
    at: ServiceId,
    way: &mut Vec<ServiceId>,
    is_safe: &mut [bool],
) -> Option<Vec<ServiceId>> {
    if is_safe[at] {
        return None;
    }
    let start = way.iter().position(|met| *met == at);
    way.push(at);
    if let Some(start) = start {
        return Some(way[start..].to_vec());
    }
    for next in &plan.needs[at] {
        if let Some(found) = circle(plan, *next, way, is_safe) {
            return Some(found);
        }
    }
    way.pop();
    is_safe[at] = true;
    None
}
// END SOLUTION

/// All that can't do without each service, directly or through others; there is no circle.
pub(super) fn dependants(needs: &[Vec<ServiceId>]) -> Vec<Vec<ServiceId>> {
    // BEGIN SOLUTION stage 2: turn the arrows round, and follow them to their ends
    let mut dependants = vec![Vec::new(); needs.len()];
    for service in 0..needs.len() {
        let mut met = vec![false; needs.len()];
        let mut open = needs[service].clone();
        while let Some(next) = open.pop() {
            if !std::mem::replace(&mut met[next], true) {
                dependants[next].push(service);
                open.extend(&needs[next]);
            }
        }
    }
    dependants
    // END SOLUTION
}
