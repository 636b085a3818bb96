//! `firewall-blocks-san`

use crate::facts::{Firewall, Source};
use crate::{
    Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Sed, Severity, ShellCommand,
};

pub(crate) static CHECK: Check = Check {
    id: "firewall-blocks-san",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a firewall that is loaded at boot blocks the root's session",
    doc: Doc {
        finds: "A firewall that is loaded at boot (ufw, nftables, iptables, firewalld) drops outgoing packets \
                to the target's port, or drops incoming packets without accepting those of established connections \
                first. Every table and hook on the way counts: iptables' raw, mangle, nat, filter and security; of \
                nftables ingress, prerouting and input for what arrives, output, postrouting and egress for what \
                leaves. A rule that redirects the session, or keeps it out of connection tracking where its replies \
                pass by their state, leaves the answer unknown.",
        breaks: "The session is set up in the initramfs, where there is no firewall. The real root then loads the rules, \
                 which cut the connection under the filesystem: the boot hangs where the firewall is loaded, or \
                 the reconnect of iscsid fails.",
        fix: "Accept outgoing TCP port 3260 to the portals and incoming packets of established connections, before any \
               other rule.",
        references: &[
            "Oracle Cloud, Compute best practices: UFW may keep an instance from booting",
            "RFC 7143, section 4.2.7.1 (port 3260)",
            "nft(8), ct state established",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let mut findings = Vec::new();
    let mut unclear = Vec::new();
    let mut sound = Vec::new();
    for firewall in &facts.netconfig.firewalls {
        match blocks(firewall) {
            _ if !firewall.unclear.is_empty() => unclear.push(firewall),
            None => sound.push(format!("{} accepts the session's packets", firewall.kind)),
            Some(blocked) => findings.push(finding(firewall, blocked)),
        }
    }
    if !findings.is_empty() {
        return Ok(Outcome::Fail(findings));
    }
    if let Some(firewall) = unclear.first() {
        return Err(Outcome::Unknown {
            reason: format!(
                "rules of {} that isctpl cannot judge may decide over the session's packets",
                firewall.kind
            ),
            evidence: firewall.unclear.iter().map(|rule| Evidence::at(&firewall.at, rule.clone())).collect(),
        });
    }
    facts.was_read(Source::Firewall)?;
    Ok(Outcome::pass(if sound.is_empty() { "no firewall is loaded at boot".to_owned() } else { sound.join("; ") }))
}

/// A direction of a session that a firewall stops.
#[derive(Clone, Copy, PartialEq)]
enum Blocked {
    Out,
    In,
}

/// What of a session a firewall stops, if anything.
fn blocks(firewall: &Firewall) -> Option<Blocked> {
    if !firewall.portal_out {
        Some(Blocked::Out)
    } else if !firewall.established_in {
        Some(Blocked::In)
    } else {
        None
    }
}

fn finding(firewall: &Firewall, blocked: Blocked) -> Finding {
    let what = match blocked {
        Blocked::Out => "drops outgoing packets to port 3260",
        Blocked::In => "drops the target's replies",
    };
    let policies = format!("output: {}, input: {}", firewall.output_policy, firewall.input_policy);
    Finding::critical(format!("{} is loaded at boot and {what}", firewall.kind))
        .evidence(Evidence::at(&firewall.at, policies))
        .evidences(firewall.deciding.iter().map(Evidence::from))
        .remedy(remedy(firewall, blocked).repair(Repair::AcceptPortal {
            kind: firewall.kind.clone(),
            path: firewall.deciding.as_ref().map_or(&firewall.at, |deciding| &deciding.at).path.clone(),
        }))
}

/// What fixes it in the files that are loaded at boot: a rule put into the running firewall would be gone then.
fn remedy(firewall: &Firewall, blocked: Blocked) -> Remedy {
    let (chain, rule) = match blocked {
        Blocked::Out => ("output", "tcp dport 3260 accept"),
        Blocked::In => ("input", "ct state established,related accept"),
    };
    let file = firewall.deciding.as_ref().map_or("the rules", |deciding| deciding.at.path.as_str());
    match (firewall.kind.as_str(), blocked) {
        ("ufw", Blocked::Out) => {
            Remedy::new("Accept outgoing TCP port 3260 before any other rule").command(ShellCommand::new(&[
                "ufw", "insert", "1", "allow", "out", "proto", "tcp", "to", "any", "port", "3260",
            ]))
        }
        ("nftables", _) => Remedy::new(format!("Put `{rule}` first into the {chain} chain of {file}"))
            .commands(firewall.deciding.as_ref().map(|_| ShellCommand::new(&["nft", "-c", "-f"]).path(file))),
        ("iptables", _) => {
            let rule = match blocked {
                Blocked::Out => "-I OUTPUT -p tcp --dport 3260 -j ACCEPT",
                Blocked::In => "-I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            };
            let remedy = Remedy::new(format!("Put `{rule}` into the filter table of {file}"));
            remedy.commands(firewall.deciding.as_ref().map(|deciding| insert_rule(rule, &deciding.at.path)))
        }
        _ => Remedy::new(
            "Accept outgoing TCP port 3260 and incoming packets of established connections, before any other rule, or disable the \
             firewall",
        ),
    }
}

/// Puts a rule at the end of the filter table of a file for iptables-restore, unless it stands there.
fn insert_rule(rule: &str, path: &str) -> ShellCommand {
    let before_commit = Sed::new(r"/^\*filter/,/^COMMIT/{/^").literal(rule).then("$/d; s/^COMMIT/").replacement(rule);
    ShellCommand::sed(&[before_commit.then(r"\n&/}")], path)
}
