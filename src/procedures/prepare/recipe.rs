//! What the recipe for a template asks for besides what any check finds.

use super::draft::{Draft, Refusal};
use super::repairs::services;
use isctpl_checks::facts::Facts;

/// The platform's own unit, which its helpers bring.
const VENDOR_UNIT: &str = "bigstep.service";

/// Where systemd looks for units of packages.
const UNIT_DIRECTORIES: [&str; 3] = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// snmpd's configuration.
const SNMPD_CONF: &str = "/etc/snmp/snmpd.conf";

/// Answers on this machine alone, and tells what the system is and that it runs. Where the monitoring asks from
/// elsewhere it needs its address and a community of its own, which no tool can know.
const SNMPD_TEXT: &str = "\
# Written by isctpl prepare: the least that monitoring on this machine needs (snmpd.conf(5)).
agentaddress 127.0.0.1,[::1]
view systemonly included .1.3.6.1.2.1.1
view systemonly included .1.3.6.1.2.1.25.1
rocommunity public default -V systemonly
";

/// Drafts it; gives what it comes to, for people.
///
/// # Errors
/// When a file that decides it cannot be read.
pub(super) fn apply(draft: &mut Draft<'_>, facts: &Facts) -> Result<Vec<(&'static str, String)>, Refusal> {
    let mut done = Vec::new();
    let snmpd = facts.template.wanted.iter().find(|wanted| wanted.what == "snmpd" && wanted.found.is_some());
    if snmpd.is_some_and(|snmpd| snmpd.enabled == Some(false)) {
        services::enable_unit(draft, "snmpd.service")?;
        done.push(("template-snmpd-missing", "snmpd is installed and does not start at boot".to_owned()));
    }
    if snmpd.is_some() && is_absent(draft, SNMPD_CONF)? {
        let unread = |problem| Refusal::unread(problem, "Write snmpd's configuration by hand");
        draft.write(SNMPD_CONF, SNMPD_TEXT.to_owned()).map_err(unread)?;
        draft.set_mode(SNMPD_CONF, 0o600);
        done.push(("template-snmpd-missing", format!("snmpd has no {SNMPD_CONF}")));
    }
    if has_vendor_unit(draft)? {
        let before = draft.clone();
        services::enable_unit(draft, VENDOR_UNIT)?;
        if before.into_changes() != draft.clone().into_changes() {
            done.push(("template-helper-missing", format!("{VENDOR_UNIT} is installed and does not start at boot")));
        }
    }
    Ok(done)
}

fn has_vendor_unit(draft: &Draft<'_>) -> Result<bool, Refusal> {
    for directory in UNIT_DIRECTORIES {
        if !is_absent(draft, &format!("{directory}/{VENDOR_UNIT}"))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_absent(draft: &Draft<'_>, path: &str) -> Result<bool, Refusal> {
    let unread = |problem| Refusal::unread(problem, "Look at it by hand");
    draft.root().lstat(path).map(|meta| meta.is_none()).map_err(unread)
}
