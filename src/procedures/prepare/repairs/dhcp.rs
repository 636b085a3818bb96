//! How long DHCP clients wait for an answer.

use crate::formats::network::{dhclient_conf, dhcpcd_conf, keyfile};
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::facts::{Facts, Manager, ManagerState};

const DHCPCD: &str = "/etc/dhcpcd.conf";
/// isctpl's own file of NetworkManager's settings.
const NETWORK_MANAGER: &str = "/etc/NetworkManager/conf.d/99-isctpl.conf";

/// The files of every DHCP client that the root has: of the one that was found too patient, and of the others.
pub(crate) fn clients(draft: &Draft<'_>, facts: &Facts, found: &str) -> Result<Vec<String>, Refusal> {
    let mut paths = vec![found.to_owned()];
    let unread = |problem| Refusal::unread(problem, "Set the timeout of dhcpcd by hand");
    if draft.text(DHCPCD).map_err(unread)?.is_some() {
        paths.push(DHCPCD.to_owned());
    }
    let of_manager = |state: &ManagerState| state.manager == Manager::NetworkManager && state.enabled;
    if facts.netconfig.managers.iter().any(of_manager) {
        paths.push(NETWORK_MANAGER.to_owned());
    }
    paths.dedup();
    Ok(paths)
}

/// The configuration of a DHCP client has it give up after `seconds`. The path tells which client reads it; where
/// the timeout of dhclient stands in a file that this one includes, that one is edited.
pub(crate) fn dhcp_timeout(draft: &mut Draft<'_>, facts: &Facts, path: &str, seconds: u32) -> Result<(), Refusal> {
    if path.ends_with("/dhcpcd.conf") {
        let by_hand = format!("Set `timeout {seconds}` in dhcpcd.conf");
        return draft.edit(path, &by_hand, |text| Ok(dhcpcd_conf::edit::timeout(text, seconds)));
    }
    if path.starts_with("/etc/NetworkManager/") {
        let by_hand = format!("Set ipv4.dhcp-timeout={seconds} in the section [connection] of NetworkManager.conf");
        let set = |text: &str| keyfile::edit::set(text, "connection", "ipv4.dhcp-timeout", &seconds.to_string());
        return draft.edit(path, &by_hand, set);
    }
    let stated = facts.dhcp.dhclient.as_ref().filter(|conf| conf.path == path).and_then(|conf| conf.timeout.as_ref());
    let path = stated.map_or(path, |timeout| timeout.at.path.as_str());
    let by_hand = format!("Set `timeout {seconds};` in dhclient.conf, with the semicolon");
    draft.edit(path, &by_hand, |text| dhclient_conf::edit::timeout(text, seconds))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::probes::sample::SampleRoot;
    use crate::procedures::prepare::draft::Content;
    use isctpl_checks::facts::{DhclientConf, Located, Location};

    #[test]
    fn every_client_has_words_of_its_own() {
        let root = SampleRoot::of(&[
            ("/etc/dhcp/dhclient.conf", "include \"/etc/dhcp/more.conf\";\n"),
            ("/etc/dhcp/more.conf", "timeout 300;\n"),
            ("/etc/dhcpcd.conf", "duid\n"),
        ]);
        let mut facts = Facts::default();
        let timeout = Some(Located::new(300, Location::line("/etc/dhcp/more.conf", 1)));
        facts.dhcp.dhclient =
            Some(DhclientConf { path: "/etc/dhcp/dhclient.conf".to_owned(), timeout, ..DhclientConf::default() });
        let opened = root.open();
        let mut draft = Draft::of(&opened);
        for path in ["/etc/dhcp/dhclient.conf", "/etc/dhcpcd.conf", "/etc/NetworkManager/conf.d/99-isctpl.conf"] {
            dhcp_timeout(&mut draft, &facts, path, 10).unwrap();
        }
        let changed: Vec<_> = draft.into_changes().into_iter().map(|(path, change)| (path, change.after)).collect();
        let text = |text: &str| Content::Text(text.to_owned());
        assert_eq!(
            changed,
            [
                ("/etc/NetworkManager/conf.d/99-isctpl.conf".to_owned(), text("[connection]\nipv4.dhcp-timeout=10\n")),
                ("/etc/dhcp/more.conf".to_owned(), text("timeout 10;\n")),
                ("/etc/dhcpcd.conf".to_owned(), text("duid\ntimeout 10\n")),
            ]
        );
    }

    #[test]
    fn a_file_that_dhclient_refuses_is_left_to_the_person() {
        let root = SampleRoot::of(&[("/etc/dhcp/dhclient.conf", "timeout 300\nretry 60;\n")]);
        let opened = root.open();
        let refused = dhcp_timeout(&mut Draft::of(&opened), &Facts::default(), "/etc/dhcp/dhclient.conf", 10);
        assert_eq!(refused.unwrap_err().place, "/etc/dhcp/dhclient.conf:1");
    }
}
