//! Drop-ins of `.network` files that keep what the initramfs has set up. Each adds to what stands in it already: the
//! last assignment wins, and each `[Route]` is a route of its own (systemd.network(5)).

use crate::formats::systemd::{UnitFile, parse};
use crate::formats::text::edit::{Unedited, append};
use isctpl_checks::facts::StaticRoute;

/// `KeepConfiguration=yes`: networkd removes nothing that it did not make, and gives no lease back when it stops.
pub(crate) fn keep(text: &str) -> Result<String, Unedited> {
    add(text, &["[Network]", "KeepConfiguration=yes"], |file| says(file, "Network", "KeepConfiguration", "yes"))
}

/// The routes of the lease are used. `without_gateway`: its router stays as unused as it was.
pub(crate) fn use_routes(text: &str, without_gateway: bool) -> Result<String, Unedited> {
    let lines = ["[DHCPv4]", "UseRoutes=yes", "UseGateway=no"];
    let wanted = if without_gateway { &lines[..] } else { &lines[..2] };
    add(text, wanted, |file| says(file, "DHCPv4", "UseRoutes", "yes"))
}

/// A static route.
pub(crate) fn route(text: &str, route: &StaticRoute) -> Result<String, Unedited> {
    let destination = format!("Destination={}", route.destination);
    let gateway = route.gateway.map(|gateway| format!("Gateway={gateway}"));
    let metric = route.metric.map(|metric| format!("Metric={metric}"));
    let lines: Vec<&str> =
        ["[Route]", &destination].into_iter().chain(gateway.as_deref()).chain(metric.as_deref()).collect();
    add(text, &lines, |file| {
        file.named("Route").into_iter().any(|section| {
            let has = |line: &str| {
                line.split_once('=').is_some_and(|(key, value)| section.last(key).is_some_and(|it| it.value == value))
            };
            section.entries.len() + 1 == lines.len() && lines.iter().skip(1).all(|line| has(line))
        })
    })
}

fn says(file: &UnitFile, section: &str, key: &str, value: &str) -> bool {
    file.last(section, key).is_some_and(|entry| entry.value == value)
}

fn add(text: &str, lines: &[&str], holds: impl Fn(&UnitFile) -> bool) -> Result<String, Unedited> {
    let before = parse(text, "");
    if holds(&before) {
        return Ok(text.to_owned());
    }
    let edited = append(text, lines);
    let after = parse(&edited, "");
    match holds(&after) && after.sections.starts_with(&before.sections) {
        true => Ok(edited),
        false => Err(Unedited::goes_on(text)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn to_target() -> StaticRoute {
        StaticRoute {
            destination: "100.97.0.0/16".parse().unwrap(),
            gateway: Some("100.64.16.49".parse().unwrap()),
            metric: None,
        }
    }

    #[test]
    fn what_is_added_is_added_once() {
        let all = |text: &str| {
            let kept = keep(text).unwrap();
            route(&use_routes(&kept, true).unwrap(), &to_target()).unwrap()
        };
        for (before, after) in [
            (
                "",
                "[Network]\nKeepConfiguration=yes\n[DHCPv4]\nUseRoutes=yes\nUseGateway=no\n[Route]\nDestination=100.97.0.0/16\nGateway=100.64.16.49\n",
            ),
            (
                "[Network]\r\nKeepConfiguration=yes\r\n[DHCPv4]\r\nUseRoutes=yes",
                "[Network]\r\nKeepConfiguration=yes\r\n[DHCPv4]\r\nUseRoutes=yes\r\n[Route]\r\nDestination=100.97.0.0/16\r\nGateway=100.64.16.49\r\n",
            ),
        ] {
            let edited = all(before);
            assert_eq!(edited, after);
            assert_eq!(all(&edited), edited, "again");
        }
    }

    #[test]
    fn a_last_line_that_goes_on_is_refused() {
        assert_eq!(keep("[Network]\nDHCP=yes \\\n").unwrap_err().line, Some(2));
    }

    #[test]
    fn the_last_assignment_counts() {
        let text = "[Network]\nKeepConfiguration=no\n";
        assert_eq!(keep(text).unwrap(), format!("{text}[Network]\nKeepConfiguration=yes\n"));
        let mut other = to_target();
        other.gateway = None;
        assert_eq!(
            route("[Route]\nDestination=100.97.0.0/16\nGateway=100.64.16.49\n", &other).unwrap(),
            "[Route]\nDestination=100.97.0.0/16\nGateway=100.64.16.49\n[Route]\nDestination=100.97.0.0/16\n"
        );
    }
}
