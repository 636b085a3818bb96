//! What starts and stops at boot: units of systemd, and links of System V init.

use crate::formats::systemd::{self, UnitFile};
use crate::procedures::prepare::draft::{Content, Draft, Refusal};
use isctpl_checks::facts::Problem;

/// The administrator's directory of units.
const OWN: &str = "/etc/systemd/system";
/// Those of the distribution; where `/lib` is a link both are the same.
const VENDOR: [&str; 3] = ["/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
/// The keys of `[Install]` that name what starts a unit, and the directories that those are.
const STARTERS: [(&str, &str); 3] = [("WantedBy", "wants"), ("RequiredBy", "requires"), ("UpheldBy", "upholds")];
const MASK: &str = "/dev/null";
/// How many units `Also=` may lead to.
const ALSO_LIMIT: usize = 16;
/// Daemons by which the session of the root disk is recovered, and the way in which each is started.
const OF_ROOT_SESSION: [&str; 4] = ["iscsid.service", "iscsid.socket", "iscsiuio.service", "iscsiuio.socket"];

fn unread(unit: &str) -> impl Fn(Problem) -> Refusal {
    let by_hand = format!("Look at the unit with systemctl cat {unit}, and change it by hand.");
    move |problem| Refusal::unread(problem, by_hand.as_str())
}

/// Where a unit's file lies, and what it says.
fn file(draft: &Draft<'_>, unit: &str) -> Result<Option<(String, UnitFile)>, Refusal> {
    for directory in [OWN].into_iter().chain(VENDOR) {
        let path = format!("{directory}/{unit}");
        if draft.link_target(&path).map_err(unread(unit))?.as_deref() == Some(MASK) {
            continue;
        }
        if let Some(text) = draft.text(&path).map_err(unread(unit))? {
            let file = systemd::parse(&text, &path);
            return Ok(Some((path, file)));
        }
    }
    Ok(None)
}

/// A unit and those that its `Also=` names, as systemctl(1) changes them together.
fn with_also(draft: &Draft<'_>, unit: &str) -> Result<Vec<String>, Refusal> {
    let mut units = vec![unit.to_owned()];
    let mut next = 0;
    while let Some(name) = units.get(next).cloned() {
        next += 1;
        let Some((_, file)) = file(draft, &name)? else { continue };
        for also in file.words("Install", "Also") {
            if !units.contains(&also.value) && units.len() < ALSO_LIMIT {
                units.push(also.value);
            }
        }
    }
    Ok(units)
}

/// The directories below one that start units: `NAME.wants` and its kin.
fn starting_directories(draft: &Draft<'_>, directory: &str, unit: &str) -> Result<Vec<String>, Refusal> {
    let names = draft.names(directory).map_err(unread(unit))?;
    let starts = |name: &&String| STARTERS.iter().any(|(_, ending)| name.ends_with(&format!(".{ending}")));
    Ok(names.iter().filter(starts).map(|name| format!("{directory}/{name}")).collect())
}

/// Takes away the links that start a unit, as `systemctl disable` does; but what its `Also=` names of the root
/// session's daemons keeps its own. One whose links are the distribution's is masked.
pub(crate) fn disable_unit(draft: &mut Draft<'_>, unit: &str) -> Result<(), Refusal> {
    let stays = |name: &str| OF_ROOT_SESSION.contains(&name) && !OF_ROOT_SESSION.contains(&unit);
    for name in with_also(draft, unit)?.into_iter().filter(|name| !stays(name)) {
        let mut directories = starting_directories(draft, OWN, &name)?;
        directories.push(OWN.to_owned());
        for directory in directories {
            for entry in draft.names(&directory).map_err(unread(&name))? {
                let path = format!("{directory}/{entry}");
                let leads_to_it = entry == name && directory != OWN;
                let target = draft.link_target(&path).map_err(unread(&name))?;
                let aliases_it = entry != name && target.is_some_and(|to| to.rsplit('/').next() == Some(&name));
                if leads_to_it || aliases_it {
                    draft.remove(&path).map_err(unread(&name))?;
                }
            }
        }
    }
    for directory in VENDOR {
        for starting in starting_directories(draft, directory, unit)? {
            if draft.names(&starting).map_err(unread(unit))?.iter().any(|name| name == unit) {
                return mask_unit(draft, unit);
            }
        }
    }
    Ok(())
}

/// Makes a unit impossible to start, as `systemctl mask` does.
pub(crate) fn mask_unit(draft: &mut Draft<'_>, unit: &str) -> Result<(), Refusal> {
    let path = format!("{OWN}/{unit}");
    match draft.content(&path).map_err(unread(unit))? {
        Content::Link(to) if to == MASK => Ok(()),
        // An empty file masks as well.
        Content::Text(text) if text.is_empty() => Ok(()),
        Content::Text(_) | Content::Copy { .. } => Err(Refusal::new(
            &path,
            "is a unit of this root's own, which a mask would replace",
            format!("Move {path} away if nothing needs it, then run systemctl mask {unit}."),
        )),
        Content::Link(_) | Content::Absent => draft.link(&path, MASK).map_err(unread(unit)),
    }
}

/// Makes the links that a unit's `[Install]` section asks for, as `systemctl enable` does.
pub(crate) fn enable_unit(draft: &mut Draft<'_>, unit: &str) -> Result<(), Refusal> {
    let mut made = false;
    for name in with_also(draft, unit)? {
        let by_hand = format!("Run systemctl enable {name} in the root.");
        let mask = format!("{OWN}/{name}");
        if draft.link_target(&mask).map_err(unread(&name))?.as_deref() == Some(MASK) {
            return Err(Refusal::new(mask, "masks the unit", format!("Run systemctl unmask {name} first. {by_hand}")));
        }
        let Some((path, file)) = file(draft, &name)? else {
            // What `Also=` names need not be installed.
            if name != unit {
                continue;
            }
            return Err(Refusal::new(format!("{OWN}/{name}"), "has no unit file", "Install what the unit belongs to."));
        };
        let mut links = Vec::new();
        for (key, ending) in STARTERS {
            let targets = file.words("Install", key).into_iter();
            links.extend(targets.map(|target| (target.at, format!("{}.{ending}/{name}", target.value))));
        }
        links.extend(file.words("Install", "Alias").into_iter().map(|alias| (alias.at, alias.value)));
        for (at, link) in links {
            if name.contains("@.") || link.contains('%') || link.starts_with('/') || link.contains("..") {
                let what = "names what starts it in a way that depends on an instance";
                return Err(Refusal::new(at.to_string(), what, by_hand));
            }
            made = true;
            let link = format!("{OWN}/{link}");
            if link != path && draft.content(&link).map_err(unread(&name))? == Content::Absent {
                draft.link(&link, &path).map_err(unread(&name))?;
            }
        }
    }
    match made {
        true => Ok(()),
        false => Err(Refusal::new(unit, "has no [Install] section that says what starts it", "Start it from a unit.")),
    }
}

/// Takes a link away. Of System V init's, those of the same kind for the same script go in all runlevels.
pub(crate) fn remove_link(draft: &mut Draft<'_>, path: &str) -> Result<(), Refusal> {
    let by_hand = format!("Remove {path} by hand if nothing needs it.");
    let unread = |problem| Refusal::unread(problem, by_hand.as_str());
    let mut paths = vec![path.to_owned()];
    if let Some((kind, script)) = sysv(path) {
        for runlevel in ["0", "1", "2", "3", "4", "5", "6", "S"] {
            let directory = format!("/etc/rc{runlevel}.d");
            for name in draft.names(&directory).map_err(unread)? {
                let other = format!("{directory}/{name}");
                if sysv(&other) == Some((kind, script)) && other != path {
                    paths.push(other);
                }
            }
        }
    }
    for path in paths {
        match draft.content(&path).map_err(unread)? {
            Content::Link(_) => draft.remove(&path).map_err(unread)?,
            Content::Absent => {}
            _ => return Err(Refusal::new(path, "is no link", by_hand)),
        }
    }
    Ok(())
}

/// The kind, `S` or `K`, and the script of a link of System V init.
fn sysv(path: &str) -> Option<(&str, &str)> {
    let name = path.strip_prefix("/etc/rc")?.split_once(".d/")?.1;
    let (kind, script) = (name.get(..1)?, name.get(3..)?);
    let is_link = matches!(kind, "S" | "K") && name.get(1..3)?.bytes().all(|byte| byte.is_ascii_digit());
    is_link.then_some((kind, script))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::sample::Tree;
    use super::*;
    use std::collections::BTreeMap;

    const ISCSID: &str = "[Unit]\nDescription=x\n[Install]\nWantedBy=sysinit.target multi-user.target\nAlias=iscsi-d.service\n\
                          Also=iscsid.socket\n";
    const SOCKET: &str = "[Install]\nWantedBy=sockets.target\n";

    fn tree() -> Tree {
        Tree::of(&[
            ("/usr/lib/systemd/system/iscsid.service", ISCSID),
            ("/usr/lib/systemd/system/iscsid.socket", SOCKET),
            ("/etc/systemd/system/multi-user.target.wants/other.service", ""),
        ])
    }

    fn link(to: &str) -> Content {
        Content::Link(to.to_owned())
    }

    fn expected<const N: usize>(contents: [(&str, Content); N]) -> BTreeMap<String, Content> {
        contents.into_iter().map(|(path, content)| (format!("/etc/systemd/system/{path}"), content)).collect()
    }

    #[test]
    fn a_unit_is_enabled_as_its_install_section_says_and_disabled_again() {
        let tree = tree();
        let vendor = |name: &str| link(&format!("/usr/lib/systemd/system/{name}"));
        assert_eq!(
            tree.repaired(|draft| enable_unit(draft, "iscsid.service")),
            expected([
                ("iscsi-d.service", vendor("iscsid.service")),
                ("sysinit.target.wants/iscsid.service", vendor("iscsid.service")),
                ("multi-user.target.wants/iscsid.service", vendor("iscsid.service")),
                ("sockets.target.wants/iscsid.socket", vendor("iscsid.socket")),
            ])
        );
        tree.link("/etc/systemd/system/x.target.requires/odd.service", "../iscsid.service");
        assert_eq!(
            tree.repaired(|draft| disable_unit(draft, "iscsid.service")),
            expected([
                ("iscsi-d.service", Content::Absent),
                ("sysinit.target.wants/iscsid.service", Content::Absent),
                ("multi-user.target.wants/iscsid.service", Content::Absent),
                ("sockets.target.wants/iscsid.socket", Content::Absent),
                ("x.target.requires/odd.service", Content::Absent),
            ])
        );
    }

    #[test]
    fn a_unit_that_is_disabled_leaves_the_root_session_its_daemons() {
        let tree = tree();
        tree.put(
            "/usr/lib/systemd/system/open-iscsi.service",
            "[Install]\nWantedBy=sysinit.target\nAlso=iscsid.service iscsiuio.socket helper.service\n",
        );
        tree.put("/usr/lib/systemd/system/helper.service", "[Install]\nWantedBy=sysinit.target\n");
        for unit in ["open-iscsi.service", "iscsid.service", "helper.service"] {
            let wants = format!("/etc/systemd/system/sysinit.target.wants/{unit}");
            tree.link(&wants, &format!("/usr/lib/systemd/system/{unit}"));
        }
        for unit in ["iscsid.socket", "iscsiuio.socket"] {
            tree.link(&format!("/etc/systemd/system/sockets.target.wants/{unit}"), &format!("../{unit}"));
        }
        assert_eq!(
            tree.repaired(|draft| disable_unit(draft, "open-iscsi.service")),
            expected([
                ("sysinit.target.wants/open-iscsi.service", Content::Absent),
                ("sysinit.target.wants/helper.service", Content::Absent),
            ])
        );
    }

    #[test]
    fn links_of_the_distribution_are_masked_with_the_unit() {
        let tree = tree();
        tree.link("/usr/lib/systemd/system/sysinit.target.wants/iscsid.service", "../iscsid.service");
        let masked = expected([("iscsid.service", link("/dev/null"))]);
        assert_eq!(tree.repaired(|draft| disable_unit(draft, "iscsid.service")), masked);
        let refused = tree.changes(|draft| enable_unit(draft, "iscsid.service")).unwrap_err();
        assert!(refused.by_hand.contains("systemctl unmask iscsid.service"));
    }

    #[test]
    fn a_mask_replaces_a_link_and_no_file() {
        let tree = tree();
        let path = "/etc/systemd/system/own.service";
        tree.link("/etc/systemd/system/alias.service", "/usr/lib/systemd/system/iscsid.service");
        assert_eq!(
            tree.repaired(|draft| mask_unit(draft, "alias.service")),
            expected([("alias.service", link("/dev/null"))])
        );
        tree.put(path, "[Service]\nExecStart=/x\n");
        assert_eq!(tree.changes(|draft| mask_unit(draft, "own.service")).unwrap_err().place, path);
        tree.put(path, "");
        assert!(tree.changes(|draft| mask_unit(draft, "own.service")).unwrap().is_empty());
    }

    #[test]
    fn what_says_nothing_of_its_start_is_not_enabled() {
        let tree = tree();
        tree.put("/usr/lib/systemd/system/static.service", "[Service]\nExecStart=/x\n");
        tree.put("/usr/lib/systemd/system/a@.service", "[Install]\nWantedBy=x.target\n");
        for unit in ["static.service", "absent.service", "a@.service"] {
            assert!(tree.changes(|draft| enable_unit(draft, unit)).is_err(), "{unit}");
        }
        assert!(tree.changes(|draft| disable_unit(draft, "absent.service")).unwrap().is_empty());
    }

    #[test]
    fn links_of_one_script_go_in_all_runlevels() {
        let tree = Tree::of(&[("/etc/init.d/open-iscsi", ""), ("/etc/rc1.d/K01open-iscsi", "a file\n")]);
        for link in ["rc0.d/K01open-iscsi", "rc6.d/K02open-iscsi", "rcS.d/S01open-iscsi", "rc0.d/K01iscsid"] {
            tree.link(&format!("/etc/{link}"), "../init.d/open-iscsi");
        }
        let refused = tree.changes(|draft| remove_link(draft, "/etc/rc0.d/K01open-iscsi")).unwrap_err();
        assert_eq!(refused.place, "/etc/rc1.d/K01open-iscsi");
        let changes = Tree::of(&[]).changes(|draft| remove_link(draft, "/etc/rc0.d/K01open-iscsi")).unwrap();
        assert!(changes.is_empty());
        let tree = Tree::of(&[]);
        for link in ["rc0.d/K01open-iscsi", "rc6.d/K02open-iscsi", "rcS.d/S01open-iscsi", "rc0.d/K01iscsid"] {
            tree.link(&format!("/etc/{link}"), "../init.d/open-iscsi");
        }
        let removed = tree.repaired(|draft| remove_link(draft, "/etc/rc0.d/K01open-iscsi"));
        assert_eq!(removed.keys().collect::<Vec<_>>(), ["/etc/rc0.d/K01open-iscsi", "/etc/rc6.d/K02open-iscsi"]);
    }
}
