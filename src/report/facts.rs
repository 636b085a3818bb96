//! Facts as they are, for `isctpl show`.

use super::json::written;
use super::style::{FAINT, STRONG, Style, paint};
use clap::ValueEnum;
use comfy_table::ColumnConstraint;
use isctpl_checks::facts::{Facts, LookupAnswer, Network, Nic, Problem, Read, Route, SCHEMA};
use serde_json::{Map, Value, json, to_value};

/// What `isctpl show` can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The iBFT, of ACPI and of sysfs
    Ibft,
    /// The kernel's routes, rules, and its answer for every portal
    Routes,
    /// Network interfaces
    Nics,
    /// The initramfs of the default entry, or any image
    Initramfs,
    /// Boot entries, and which one boots
    Loader,
    /// Kernels and their modules
    Kernel,
    /// DHCP clients and leases
    Dhcp,
    /// The real root's network configuration
    Netconfig,
    /// open-iscsi: names, records, sessions
    Iscsi,
    /// Mounts, block devices, LVM
    Storage,
    /// Units that matter, and what starts them
    Services,
}

/// One group of facts as JSON: `{"schema", "what", "time", "root", "mode", WHAT}`.
///
/// # Errors
/// When it cannot be written as JSON, which no fact can bring about.
pub fn facts_json(what: What, facts: &Facts) -> serde_json::Result<String> {
    let (name, group) = group(what, facts)?;
    let mut object = Map::new();
    object.insert("schema".to_owned(), json!(SCHEMA));
    object.insert("what".to_owned(), json!(name));
    object.insert("time".to_owned(), json!(facts.scope.time));
    object.insert("root".to_owned(), json!(facts.scope.root));
    object.insert("mode".to_owned(), to_value(facts.scope.mode)?);
    object.insert(name.to_owned(), group);
    written(&Value::Object(object))
}

fn group(what: What, facts: &Facts) -> serde_json::Result<(&'static str, Value)> {
    Ok(match what {
        What::Ibft => ("ibft", to_value(&facts.firmware)?),
        What::Routes => ("routes", to_value(&facts.network)?),
        What::Nics => (
            "nics",
            json!({"hardware": facts.nics, "links": facts.network.links, "addresses": facts.network.addresses}),
        ),
        What::Initramfs => ("initramfs", to_value(&facts.images)?),
        What::Loader => ("loader", json!({"loader": facts.loader, "running_cmdline": facts.cmdline})),
        What::Kernel => ("kernel", to_value(&facts.kernels)?),
        What::Dhcp => ("dhcp", to_value(&facts.dhcp)?),
        What::Netconfig => ("netconfig", to_value(&facts.netconfig)?),
        What::Iscsi => ("iscsi", to_value(&facts.iscsi)?),
        What::Storage => ("storage", to_value(&facts.storage)?),
        What::Services => ("services", to_value(&facts.services)?),
    })
}

/// One group of facts for people: tables where rows are alike, an outline elsewhere.
///
/// # Errors
/// As [`facts_json`].
pub fn facts_text(what: What, facts: &Facts, style: &Style) -> serde_json::Result<String> {
    Ok(match what {
        What::Routes => routes(&facts.network, style),
        What::Nics => nics(facts, style),
        What::Loader => loader(facts, style),
        What::Initramfs => images(facts, style),
        What::Ibft | What::Kernel | What::Dhcp | What::Netconfig | What::Iscsi | What::Storage | What::Services => {
            let (_, value) = group(what, facts)?;
            let text = outline(&value, 0, style);
            if text.is_empty() { "nothing was found\n".to_owned() } else { text }
        }
    })
}

fn routes(network: &Network, style: &Style) -> String {
    let mut text = heading("What the kernel answers for each portal");
    match &network.lookups {
        Read::Known(lookups) if lookups.is_empty() => {
            text.push_str("  no portal is known; name one with --portal\n");
        }
        Read::Known(lookups) => {
            for lookup in lookups {
                let answer = match &lookup.answer {
                    LookupAnswer::Route(route) => {
                        let matched = lookup.matched.map(|net| format!(" (by {net})")).unwrap_or_default();
                        format!("{}{matched}", way(route))
                    }
                    LookupAnswer::Unreachable(why) => format!("no way: {why}"),
                    LookupAnswer::Failed(problem) => problem.to_string(),
                };
                text.push_str(&style.wrap(&format!("{}  {answer}", lookup.destination), "  ", "    "));
            }
        }
        unread => text.push_str(&not_known(unread, style)),
    }
    text.push_str(&heading("Routes (table main)"));
    match &network.routes {
        Read::Known(routes) => {
            for route in routes.iter().filter(|route| route.table == 254) {
                let to = route.destination.map_or_else(|| "default".to_owned(), |net| net.to_string());
                let metric = if route.metric > 0 { format!(" metric {}", route.metric) } else { String::new() };
                text.push_str(&style.wrap(
                    &format!("{to}  {} proto {}{metric}", way(route), route.protocol),
                    "  ",
                    "    ",
                ));
            }
        }
        unread => text.push_str(&not_known(unread, style)),
    }
    text.push_str(&problems(&network.problems, style));
    text
}

fn way(route: &Route) -> String {
    let mut words = Vec::new();
    if route.kind != "unicast" && !route.kind.is_empty() {
        words.push(route.kind.clone());
    }
    words.extend(route.gateway.map(|gateway| format!("via {gateway}")));
    words.extend(route.interface.as_ref().map(|name| format!("dev {name}")));
    words.extend(route.next_hops.iter().map(|hop| format!("nexthop {hop}")));
    words.extend(route.source.map(|source| format!("src {source}")));
    words.join(" ")
}

fn nics(facts: &Facts, style: &Style) -> String {
    let nics: &[Nic] = match &facts.nics {
        Read::Known(nics) => nics,
        unread => return not_known(unread, style),
    };
    let san = isctpl_checks::view::san_nic(facts);
    let mut table = style.table();
    table.set_header(["name", "MAC address", "driver", "state", "addresses", ""]);
    table.set_constraints([ColumnConstraint::ContentWidth; 3]);
    for nic in nics {
        let link = facts.network.links.known().and_then(|links| links.iter().find(|link| link.name == nic.name));
        let state = link.map_or_else(|| "?".to_owned(), |link| format!("{} mtu {}", link.oper_state, link.mtu));
        let addresses: Vec<String> = facts
            .network
            .addresses
            .known()
            .into_iter()
            .flatten()
            .filter(|address| address.interface == nic.name)
            .map(|address| address.net.to_string())
            .collect();
        let role = san.as_ref().filter(|(name, _)| *name == nic.name).map_or("", |_| "SAN");
        table.add_row([
            style.plain(&nic.name),
            style.plain(&nic.mac),
            style.plain(nic.driver.as_deref().unwrap_or(if nic.physical { "none" } else { "-" })),
            style.plain(&state),
            addresses.join(" "),
            role.to_owned(),
        ]);
    }
    let mut text: String = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    if let Some((name, why)) = san {
        text.push_str(&style.wrap(&format!("The SAN NIC is {name}: {why}."), "", "  "));
    }
    text
}

fn loader(facts: &Facts, style: &Style) -> String {
    let mut text = String::new();
    let chosen = facts.loader.chosen.known();
    for (index, entry) in facts.loader.entries.iter().enumerate() {
        let boots = chosen.is_some_and(|chosen| chosen.index == index);
        let mut title = entry.submenu.join(" > ");
        if !title.is_empty() {
            title.push_str(" > ");
        }
        title.push_str(&entry.title);
        let mark = if boots { "boots " } else { "" };
        text.push_str(&paint(STRONG, style.wrap(&format!("{mark}{index}: {title}"), "", "  ").trim_end()));
        text.push('\n');
        if let Some(at) = &entry.at {
            text.push_str(&format!("  {}\n", paint(FAINT, &style.plain(&at.to_string()))));
        }
        let files =
            entry.kernel.iter().map(|file| ("kernel", file)).chain(entry.initrds.iter().map(|file| ("initrd", file)));
        for (what, file) in files {
            let where_it_is = match (&file.path, &file.problem) {
                (Some(path), _) => format!("{path} ({} bytes)", file.size),
                (None, Some(problem)) => problem.to_string(),
                (None, None) => "missing".to_owned(),
            };
            text.push_str(&style.wrap(&format!("{what} {} -> {where_it_is}", file.written), "  ", "    "));
        }
        text.push_str(&style.wrap(&entry.cmdline.text(), "  ", "    "));
    }
    match (&facts.loader.chosen, chosen) {
        (_, Some(chosen)) => {
            text.push_str(&style.wrap(&format!("Entry {} boots: {}.", chosen.index, chosen.because), "", "  "));
        }
        (unread, None) => text.push_str(&not_known(unread, style)),
    }
    text.push_str(&problems(&facts.loader.problems, style));
    text
}

fn images(facts: &Facts, style: &Style) -> String {
    let mut text = String::new();
    for image in &facts.images {
        text.push_str(&format!("image {} ({} bytes)\n", paint(STRONG, &style.plain(&image.path)), image.size));
        for segment in &image.segments {
            text.push_str(&format!(
                "  segment at {}: {}, {} bytes, {} unpacked, {} entries\n",
                segment.offset,
                style.plain(&segment.compression),
                segment.packed,
                segment.unpacked,
                segment.entries
            ));
        }
        let versions: Vec<&str> = image.module_versions.iter().map(String::as_str).collect();
        text.push_str(&style.wrap(
            &format!(
                "{} modules for {}; {} other entries",
                image.modules.len(),
                versions.join(", "),
                image.files.len()
            ),
            "  ",
            "    ",
        ));
        for login in &image.login {
            text.push_str(&style.wrap(&format!("login: {:?} by {}", login.kind, login.at), "  ", "    "));
        }
        for network in &image.network {
            text.push_str(&style.wrap(&format!("network: {:?} by {}", network.kind, network.at), "  ", "    "));
        }
        for missing in &image.missing_libraries {
            text.push_str(&style.wrap(
                &format!("missing library {} of {}", missing.name, missing.needed_by),
                "  ",
                "    ",
            ));
        }
        text.push_str(&problems(&image.damage, style));
    }
    if facts.images.is_empty() {
        text.push_str("no image was found for the entry that boots; name one: isctpl show initramfs IMAGE\n");
    }
    text
}

fn heading(text: &str) -> String {
    format!("{}\n", paint(STRONG, text))
}

fn not_known<T>(read: &Read<T>, style: &Style) -> String {
    match read {
        Read::Known(_) => String::new(),
        Read::Unknown(problem) => style.wrap(&format!("unknown: {problem}"), "  ", "    "),
        Read::NotApplicable(why) => style.wrap(&format!("not applicable: {why}"), "  ", "    "),
    }
}

fn problems(problems: &[Problem], style: &Style) -> String {
    problems.iter().map(|problem| style.wrap(&format!("unknown: {problem}"), "  ", "    ")).collect()
}

/// How deep facts nest at most; deeper would be no fact of ours.
const OUTLINE_DEPTH: usize = 16;

/// Any JSON value as an indented outline; what is empty or not known to be there is left out.
fn outline(value: &Value, depth: usize, style: &Style) -> String {
    let indent = "  ".repeat(depth);
    let further = "  ".repeat(depth + 2);
    if depth > OUTLINE_DEPTH {
        return String::new();
    }
    match value {
        // What was read is shown as it is; only what was not read says so.
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("known") => {
            fields.values().map(|inner| outline(inner, depth, style)).collect()
        }
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, field)| !is_empty(field))
            .map(|(name, field)| match scalar(field) {
                Some(text) => style.wrap(&format!("{name}: {text}"), &indent, &further),
                None => format!("{indent}{}\n{}", style.plain(name), outline(field, depth + 1, style)),
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| match scalar(item) {
                Some(text) => style.wrap(&text, &format!("{indent}- "), &further),
                None => {
                    let inner = outline(item, depth + 1, style);
                    // The first line of an item carries the dash.
                    let rest = inner.strip_prefix(&"  ".repeat(depth + 1)).unwrap_or(&inner);
                    format!("{indent}- {rest}")
                }
            })
            .collect(),
        other => scalar(other).map(|text| style.wrap(&text, &indent, &further)).unwrap_or_default(),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("-".to_owned()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        // A wrapper such as {"known": 5} or {"unknown": {...}} is read as what it wraps.
        Value::Object(fields) => match (fields.len(), fields.iter().next()) {
            (1, Some((name, inner))) if name == "known" => scalar(inner),
            (1, Some((name, Value::String(why)))) if name == "not_applicable" => Some(format!("not applicable: {why}")),
            (2, _) => match (fields.get("place"), fields.get("what"), fields.get("path"), fields.get("line")) {
                (Some(Value::String(place)), Some(Value::String(what)), ..) => Some(format!("{place}: {what}")),
                (_, _, Some(Value::String(path)), Some(Value::Number(line))) => match line.as_u64() {
                    Some(0) => Some(path.clone()),
                    _ => Some(format!("{path}:{line}")),
                },
                _ => match (fields.get("value"), fields.get("at")) {
                    (Some(value), Some(at)) => Some(format!("{}  ({})", scalar(value)?, scalar(at)?)),
                    _ => None,
                },
            },
            _ => None,
        },
        Value::Array(_) => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() || fields.get("known").is_some_and(is_empty),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
