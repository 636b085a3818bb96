//! `login-route-interface-unknown`: the route to the target is for an interface that the image does not
//! set up.

use crate::facts::Option121Support;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "login-route-interface-unknown",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "rd.route= names an interface that the initramfs does not have",
    doc: Doc {
        finds: "rd.iscsi.ibft or ip=ibft makes dracut's network-legacy rename the NIC of the iBFT to ibft0, and the \
                only rd.route= to a portal ends in the name of another interface, such as the name that the NIC has \
                in the booted instance. A name that ifname= or ip= sets is known. If the DHCP client in the initramfs \
                uses option 121, the route comes from there, and nothing is reported.",
        breaks: "dracut sets an rd.route= when it has set up the interface that it names. An interface with this name \
                 never exists there: the NIC comes up without the route, and the login never reaches the target. \
                 dracut prints nothing about the skipped route.",
        fix: "Write ibft0 as the interface, or leave the interface out of rd.route=.",
        references: &[
            "dracut 059, modules.d/40network/net-lib.sh (set_ifname, setup_net)",
            "dracut.cmdline(7), rd.route, rd.iscsi.ibft, ifname",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let words = facts.boot_words();
    if words.route_words().is_empty() {
        return Err(Outcome::not_applicable("the command line has no rd.route="));
    }
    if !words.renames_firmware_nic(image)? {
        return Err(Outcome::not_applicable("the initramfs does not rename the SAN NIC to ibft0"));
    }
    if let Some(route) = facts.route_to_portals(&words.routes_set(image)?) {
        return Ok(Outcome::pass(format!("the initramfs sets rd.route={}", route.text)));
    }
    let Some(route) = facts.route_left_out(image)? else {
        return Err(Outcome::not_applicable("the initramfs leaves out no rd.route= that leads to the target"));
    };
    if let Some(takes) = image.classless.iter().find(|handling| handling.support == Option121Support::Yes) {
        return Ok(Outcome::pass(format!(
            "{} installs the route of option 121",
            analysis::path_inside(&takes.at.to_string())
        )));
    }
    let name = route.interface.as_deref().unwrap_or_default();
    let way = route.text.strip_suffix(name).and_then(|way| way.strip_suffix(':')).unwrap_or(&route.text);
    let (wrong, right) = (format!("rd.route={}", route.text), format!("rd.route={way}:ibft0"));
    let text = format!("Replace {wrong} with {right} in GRUB_CMDLINE_LINUX.");
    let remedy = facts.edit_words_by_hand(text, &[&wrong], &[&right]);
    let source = words.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
    Finding::critical(format!(
        "the initramfs never sets {wrong}: it has no interface {name}, because it renames the SAN NIC to ibft0"
    ))
    .evidence(Evidence::new(source, wrong))
    .evidences(image.reader("rd.iscsi.ibft").map(|reader| Evidence::at(&reader.at, "renames the NIC to ibft0")))
    .evidences(
        image
            .network
            .iter()
            .map(|network| Evidence::at(&network.at, "sets only the routes that name its own interface")),
    )
    .remedy(remedy.repairs_by(facts.request_login()))
    .into()
}
