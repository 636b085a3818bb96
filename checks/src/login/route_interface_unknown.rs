//! `login-route-interface-unknown`: the route to the target is for an interface that the image does not
//! set up.

use crate::facts::{Facts, Honoured};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "login-route-interface-unknown",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "rd.route= names an interface that the initramfs does not have",
    doc: Doc {
        finds: "rd.iscsi.ibft or ip=ibft has dracut's network-legacy call the NIC of the iBFT ibft0, and the only \
                rd.route= that leads to the target ends in another interface's name, such as the one that the NIC \
                has in the booted instance. A name that ifname= or ip= gives counts as known. Where the image's \
                DHCP client takes option 121, the route comes from there, and nothing is reported.",
        breaks: "dracut sets each rd.route= when it has set up the interface that it names, and this one never \
                 exists there: the NIC comes up without the route, and the login never reaches the target. \
                 Nothing says that the route was left out.",
        fix: "Write ibft0 for the name, or leave the interface out of rd.route=.",
        references: &[
            "dracut 059, modules.d/40network/net-lib.sh (set_ifname, setup_net)",
            "dracut.cmdline(7), rd.route, rd.iscsi.ibft, ifname",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match super::image_that_logs_in(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let words = view::boot_words(facts);
    let routes = view::route_words(&words);
    if routes.is_empty() {
        return Outcome::not_applicable("the command line has no rd.route=");
    }
    if !view::renames_after_ibft(&words, image) {
        return Outcome::not_applicable("the image does not name the SAN NIC after the iBFT");
    }
    if let Some(route) = view::route_to_portals(facts, &view::routes_set(&words, image)) {
        return Outcome::pass(format!("rd.route={} is set in the image", route.text));
    }
    let Some(route) = view::route_to_portals(facts, &routes) else {
        return Outcome::not_applicable("no rd.route= leads to the target, whatever interface it names");
    };
    if let Some(takes) = image.classless.iter().find(|handling| handling.honoured == Honoured::Yes) {
        return Outcome::pass(format!("{} takes the route of option 121", super::inside(&takes.at.to_string())));
    }
    let name = route.interface.as_deref().unwrap_or_default();
    let way = route.text.strip_suffix(name).and_then(|way| way.strip_suffix(':')).unwrap_or(&route.text);
    let (wrong, right) = (format!("rd.route={}", route.text), format!("rd.route={way}:ibft0"));
    let text = format!("Put {right} in place of {wrong} into GRUB_CMDLINE_LINUX.");
    let remedy = view::edit_words(facts, text, &[&wrong], &[&right]);
    let source = words.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
    Finding::critical(format!("{wrong} is never set: the image has no interface {name}, it calls the SAN NIC ibft0"))
        .evidence(Evidence::new(source, wrong))
        .evidences(view::reader(image, "rd.iscsi.ibft").map(|reader| Evidence::at(&reader.at, "names the NIC ibft0")))
        .evidences(image.network.iter().map(|network| Evidence::at(&network.at, "sets a route for its own name alone")))
        .remedy(remedy)
        .into()
}
