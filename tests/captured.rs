//! Instances captured by `isctpl snapshot`, two of them while they ran: what was said on the spot is
//! said of the capture.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use support::run::isctpl;

/// The verdict and every finding, with its severity.
fn said(name: &str) -> Vec<String> {
    let path = support::fixtures().join("captured").join(name);
    let report = isctpl(["doctor", "--format", "json", "--snapshot", path.to_str().unwrap()]).json();
    assert_eq!(report["mode"], "snapshot");
    let verdict = &report["verdict"];
    let mut said = vec![match verdict["broken_link"].as_str() {
        Some(link) => format!("{} at {link}", verdict["boot"].as_str().unwrap()),
        None => verdict["boot"].as_str().unwrap().to_owned(),
    }];
    said.extend(report["findings"].as_array().unwrap().iter().map(|finding| {
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        format!("{} {} {}", word("status"), word("severity"), word("check"))
    }));
    said
}

#[test]
fn the_recipes_own_command_line() {
    assert_eq!(said("debian-12-seed-cmdline.json"), ["fails at login", "fail critical login-interface-named-ibft"]);
}

/// Booted by `iscsi_auto`: every link holds; the default route into the SAN is iscsistart's.
#[test]
fn a_booted_instance() {
    assert_eq!(said("debian-12-live.json"), ["boots", "fail warning default-route-via-san"]);
}

/// Booted by dracut's network-legacy: the address on the SAN NIC has a lifetime, and nobody renews
/// it. With a short lease the root was seen to go when it ran out.
#[test]
fn a_booted_instance_whose_address_runs_out() {
    let said = said("debian-12-dracut-live.json");
    assert_eq!(said[..2], ["at-risk at uptime", "fail critical san-address-expires"]);
}
