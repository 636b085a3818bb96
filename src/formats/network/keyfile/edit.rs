//! Keys that are set in keyfiles of NetworkManager and in Red Hat's ifcfg files.

use super::{ifcfg, parse};
use crate::formats::text::edit::{Unedited, append, line_end};
use isctpl_checks::facts::StaticRoute;

/// Sets a key of a group: in its last line, or in a new one at the end of the group.
pub(crate) fn set(text: &str, group: &str, key: &str, value: &str) -> Result<String, Unedited> {
    let file = parse(text, "");
    if let Some(problem) = file.problems.first() {
        return Err(unedited(&problem.place, &problem.what));
    }
    let assignment = format!("{key}={value}");
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    match file.get(group, key) {
        Some(known) if known.value == value => return Ok(text.to_owned()),
        Some(known) => {
            if let Some(line) = lines.get_mut((known.at.line as usize).saturating_sub(1)) {
                let start = line.find('=').map_or(line.len(), |equals| equals + 1);
                let start = start + line.get(start..).map_or(0, |rest| rest.len() - rest.trim_start_matches(' ').len());
                let end = line.trim_end_matches(['\n', '\r']).len();
                line.replace_range(start.min(end)..end, value);
            }
        }
        None => match end_of(&lines, group) {
            Some(index) => {
                let end = line_end(text);
                if let Some(last) = lines.get_mut(index).filter(|last| !last.ends_with('\n')) {
                    last.push_str(end);
                }
                lines.insert(index + 1, format!("{assignment}{end}"));
            }
            None if text.is_empty() => return Ok(append(text, &[&format!("[{group}]"), &assignment])),
            None => return Ok(append(text, &["", &format!("[{group}]"), &assignment])),
        },
    }
    Ok(lines.concat())
}

/// The last line of a group that is neither empty nor a comment, as an index.
fn end_of(lines: &[String], group: &str) -> Option<usize> {
    let header = format!("[{group}]");
    let (mut inside, mut last) = (false, None);
    for (index, line) in lines.iter().enumerate() {
        let line = line.trim();
        if line.starts_with('[') && line.ends_with(']') {
            inside = line == header;
        }
        if inside && !line.is_empty() && !line.starts_with(['#', ';']) {
            last = Some(index);
        }
    }
    last
}

/// Adds a static route to a profile.
pub(crate) fn add_route(text: &str, route: &StaticRoute) -> Result<String, Unedited> {
    let numbers = |key: &str| key.trim_start_matches("routes").trim_start_matches("route").parse::<u32>().ok();
    let file = parse(text, "");
    let mut wanted = route.destination.to_string();
    match (route.gateway, route.metric) {
        (Some(gateway), Some(metric)) => wanted += &format!(",{gateway},{metric}"),
        (Some(gateway), None) => wanted += &format!(",{gateway}"),
        (None, Some(metric)) => wanted += &format!(",0.0.0.0,{metric}"),
        (None, None) => {}
    }
    let known = file.beginning("ipv4", "route");
    if known.iter().any(|(key, value)| numbers(key).is_some() && value.value == wanted) {
        return Ok(text.to_owned());
    }
    let number = known.iter().filter_map(|(key, _)| numbers(key)).max().map_or(1, |number| number.saturating_add(1));
    set(text, "ipv4", &format!("route{number}"), &wanted)
}

/// Adds a route to a `route-NAME` file, in the one of its two forms that the file has.
pub(crate) fn add_peer_route(text: &str, route: &StaticRoute) -> Result<String, Unedited> {
    let Some(gateway) = route.gateway else { return Err(Unedited::new("has no room for a route without a gateway")) };
    let mut problems = Vec::new();
    let known = ifcfg::routes(text, "", &mut problems);
    if let Some(problem) = problems.first() {
        return Err(unedited(&problem.place, &problem.what));
    }
    if known.iter().any(|known| known.value == *route) {
        return Ok(text.to_owned());
    }
    let numbers =
        text.lines().filter_map(|line| line.trim().strip_prefix("ADDRESS")?.split('=').next()?.parse::<u32>().ok());
    let mut lines = Vec::new();
    if let Some(last) = numbers.max() {
        let number = last.saturating_add(1);
        lines.push(format!("ADDRESS{number}={}", route.destination.addr()));
        lines.push(format!("NETMASK{number}={}", route.destination.netmask()));
        lines.push(format!("GATEWAY{number}={gateway}"));
        lines.extend(route.metric.map(|metric| format!("METRIC{number}={metric}")));
    } else {
        let metric = route.metric.map(|metric| format!(" metric {metric}")).unwrap_or_default();
        lines.push(format!("{} via {gateway}{metric}", route.destination));
    }
    let edited = append(text, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    match ifcfg::routes(&edited, "", &mut problems).iter().any(|known| known.value == *route) {
        true => Ok(edited),
        false => Err(Unedited::goes_on(text)),
    }
}

fn unedited(place: &str, what: &str) -> Unedited {
    Unedited { line: place.strip_prefix(':').and_then(|line| line.parse().ok()), what: what.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::profile;
    use super::*;
    use isctpl_checks::facts::Located;
    use proptest::prelude::*;

    fn to_target() -> StaticRoute {
        StaticRoute {
            destination: "100.97.0.0/16".parse().unwrap(),
            gateway: Some("100.64.16.49".parse().unwrap()),
            metric: None,
        }
    }

    fn routes(text: &str) -> Vec<StaticRoute> {
        let config = profile::read(&parse(text, "/p"), "/p", &mut Vec::new()).unwrap();
        config.routes.into_iter().map(|route| route.value).collect()
    }

    #[test]
    fn a_profile_gets_a_route() {
        let head = "[connection]\nid=san\n";
        for (before, after) in [
            (
                "[ipv4]\nmethod=manual\n# its address\naddress1=100.64.16.54/29\n\n[ipv6]\nmethod=disabled\n",
                "[ipv4]\nmethod=manual\n# its address\naddress1=100.64.16.54/29\nroute1=100.97.0.0/16,100.64.16.49\n\n[ipv6]\nmethod=disabled\n",
            ),
            (
                "[ipv4]\r\nroute3=10.0.0.0/8,10.1.1.1\r\nroute3_options=mtu=1400",
                "[ipv4]\r\nroute3=10.0.0.0/8,10.1.1.1\r\nroute3_options=mtu=1400\nroute4=100.97.0.0/16,100.64.16.49\n",
            ),
            (
                "[ipv4]\n\n[ipv6]\n[ipv4]\nmay-fail=no\n",
                "[ipv4]\n\n[ipv6]\n[ipv4]\nmay-fail=no\nroute1=100.97.0.0/16,100.64.16.49\n",
            ),
            ("", "\n[ipv4]\nroute1=100.97.0.0/16,100.64.16.49\n"),
        ] {
            let edited = add_route(&format!("{head}{before}"), &to_target()).unwrap();
            assert_eq!(edited, format!("{head}{after}"));
            assert_eq!(add_route(&edited, &to_target()).unwrap(), edited, "again");
            assert_eq!(routes(&edited).last(), Some(&to_target()));
        }
        assert_eq!(add_route("[ipv4]\nnonsense\n", &to_target()).unwrap_err().line, Some(2));
    }

    #[test]
    fn a_key_is_set_where_it_stands() {
        for (before, after) in [
            ("[ipv4]\nignore-auto-routes = true\r\n#x\n", "[ipv4]\nignore-auto-routes = false\r\n#x\n"),
            ("[ipv4]\nignore-auto-routes=true", "[ipv4]\nignore-auto-routes=false"),
            ("[ipv4]\nignore-auto-routes=\n", "[ipv4]\nignore-auto-routes=false\n"),
            ("", "[ipv4]\nignore-auto-routes=false\n"),
        ] {
            let edited = set(before, "ipv4", "ignore-auto-routes", "false").unwrap();
            assert_eq!(edited, after);
            assert_eq!(set(&edited, "ipv4", "ignore-auto-routes", "false").unwrap(), edited, "again");
        }
    }

    #[test]
    fn a_route_file_keeps_its_form() {
        for (before, after) in [
            ("", "100.97.0.0/16 via 100.64.16.49\n"),
            ("# x\n10.0.0.0/8 via 10.1.1.1", "# x\n10.0.0.0/8 via 10.1.1.1\n100.97.0.0/16 via 100.64.16.49\n"),
            (
                "ADDRESS7=10.0.0.0\nNETMASK7=255.0.0.0\nGATEWAY7=10.1.1.1\n",
                "ADDRESS7=10.0.0.0\nNETMASK7=255.0.0.0\nGATEWAY7=10.1.1.1\nADDRESS8=100.97.0.0\nNETMASK8=255.255.0.0\nGATEWAY8=100.64.16.49\n",
            ),
        ] {
            let edited = add_peer_route(before, &to_target()).unwrap();
            assert_eq!(edited, after);
            assert_eq!(add_peer_route(&edited, &to_target()).unwrap(), edited, "again");
            let routes = ifcfg::routes(&edited, "", &mut Vec::new());
            assert!(routes.iter().map(Located::clone).any(|route| route.value == to_target()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_reader_reads_what_was_set(text in "(\\[ipv4\\]|\\[a\\]|k|=|v|#|\r\n|\n| ){0,30}") {
            if let Ok(edited) = set(&text, "ipv4", "k", "new") {
                let file = parse(&edited, "");
                prop_assert_eq!(&file.get("ipv4", "k").unwrap().value, "new", "{}", &edited);
                prop_assert_eq!(file.get("a", "k").map(|it| it.value.clone()), parse(&text, "").get("a", "k").map(|it| it.value.clone()));
                prop_assert_eq!(set(&edited, "ipv4", "k", "new"), Ok(edited.clone()));
            }
        }
    }
}
