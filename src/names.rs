//! Names that a user types: checks, links of the chain, network interfaces. What a shell offers to complete, and
//! the nearest one to what was mistyped.

use crate::probes::nics;
use clap_complete::engine::CompletionCandidate;
use isctpl_checks::{Link, registry};

/// How much alike two names must be for one to be meant by the other; 1 is the same.
const ALIKE: f64 = 0.75;

/// Ids of checks, and links.
pub(crate) fn checks_and_links() -> Vec<CompletionCandidate> {
    let links = Link::CHAIN
        .into_iter()
        .chain([Link::Template])
        .map(|link| CompletionCandidate::new(link.name()).help(Some(format!("every check of the link {link}").into())));
    let checks = registry::all().map(|check| CompletionCandidate::new(check.id).help(Some(check.title.into())));
    links.chain(checks).collect()
}

/// Names of this machine's network interfaces.
pub(crate) fn interfaces() -> Vec<CompletionCandidate> {
    nics::names_here().into_iter().map(CompletionCandidate::new).collect()
}

/// The check or link that is most like a name, where one is like it at all.
pub(crate) fn nearest(typed: &str) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase();
    let links = Link::CHAIN.into_iter().chain([Link::Template]).map(Link::name);
    links
        .chain(registry::all().map(|check| check.id))
        .map(|name| (strsim::jaro_winkler(&typed, name), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// What is said of a name that is neither a check nor a link.
pub(crate) fn unknown_name(typed: &str) -> String {
    let advice = match nearest(typed) {
        Some(name) => format!("did you mean {name}?"),
        None => "`isctpl checks` lists the checks".to_owned(),
    };
    format!("`{typed}` is neither a check nor a link; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        for (typed, meant) in [
            ("login-interface-named-ibf", Some("login-interface-named-ibft")),
            ("San-Rout-Missing", Some("san-route-missing")),
            ("logn", Some("login")),
            ("zzz", None),
        ] {
            assert_eq!(nearest(typed), meant, "{typed}");
        }
    }
}
