//! What isctpl says of units, held against systemd itself: roots full of units, links, masks, aliases, instances and
//! drop-ins are made by chance, and `systemd --test`, which loads them as it does at boot and computes what it would
//! start, has to agree. `systemctl --root is-enabled` has to agree on what is masked. And the gate's hook, which asks it.

mod generated;
mod hook;
mod oracle;

use crate::support::{has, is_root, skip};
use isctpl::probes::{GatherRequest, gather};
use isctpl_checks::facts::{Location, Services, Unit};
use oracle::Oracle;
use std::collections::BTreeSet;
use std::path::Path;

/// How many roots are made.
const ROOTS: u64 = 60;

fn services(root: &Path) -> Services {
    let request = GatherRequest { root: root.to_owned(), ..GatherRequest::default() };
    gather(&request, &|_| ()).unwrap().services
}

fn started(services: &Services) -> BTreeSet<&str> {
    services.units.iter().filter(|unit| unit.starts()).map(|unit| unit.name.as_str()).collect()
}

fn paths<'u>(locations: impl IntoIterator<Item = &'u Location>) -> Vec<&'u str> {
    locations.into_iter().map(|at| at.path.as_str()).collect()
}

/// How much was compared.
#[derive(Debug, Default)]
struct Compared {
    units: usize,
    drop_ins: usize,
    masked: usize,
}

/// What both know of a unit: its file, its drop-ins, and whether it is masked.
fn compare(unit: &Unit, oracle: &Oracle, root: &Path, seed: u64, compared: &mut Compared) {
    let Some(theirs) = oracle.units.get(&unit.name) else { return };
    compared.units += 1;
    compared.masked += usize::from(unit.masked.is_some());
    assert_eq!(unit.masked.is_some(), theirs.state == "masked", "root {seed}: {} is {}", unit.name, theirs.state);
    if theirs.state == "loaded" {
        assert_eq!(paths(&unit.fragment), [theirs.fragment.as_str()], "root {seed}: {}", unit.name);
        // Those that are masked add nothing, though systemd lists them.
        let masked = |path: &&String| std::fs::metadata(root.join(&path[1..])).is_ok_and(|file| file.len() > 0);
        let drop_ins: Vec<&String> = theirs.drop_ins.iter().filter(masked).collect();
        assert_eq!(paths(&unit.drop_ins), drop_ins, "root {seed}: drop-ins of {}", unit.name);
        compared.drop_ins += drop_ins.len();
    }
}

#[test]
fn systemd_itself_starts_what_isctpl_says_it_starts() {
    const TEST: &str = "systemd_itself_starts_what_isctpl_says_it_starts";
    if !is_root() || !Path::new(oracle::SYSTEMD).is_file() || !["unshare", "setpriv"].iter().all(|it| has(it)) {
        return skip(TEST, "it needs root, systemd, and unshare and setpriv of util-linux");
    }
    let mut seen = 0;
    let mut compared = Compared::default();
    for seed in 0..ROOTS {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        generated::fill(root, seed);
        // systemd leaves files in /run.
        let services = services(root);
        assert_eq!(services.problems, [], "root {seed}");
        let oracle = match oracle::ask(root) {
            Ok(oracle) => oracle,
            Err(why) => return skip(TEST, &why),
        };
        let theirs: BTreeSet<&str> =
            oracle.started.iter().map(String::as_str).filter(|name| name.ends_with(".service")).collect();
        assert_eq!(started(&services), theirs, "root {seed}");
        seen += theirs.len();
        for unit in &services.units {
            compare(unit, &oracle, root, seed, &mut compared);
        }
    }
    let roots = usize::try_from(ROOTS).unwrap();
    assert!(seen > roots, "the roots start next to nothing: {seen} units");
    let Compared { units, drop_ins, masked } = compared;
    assert!(units > 4 * roots && drop_ins > roots && masked > roots / 4, "next to nothing is compared: {compared:?}");
}

#[test]
fn systemctl_calls_the_same_units_masked() {
    const TEST: &str = "systemctl_calls_the_same_units_masked";
    if !has("systemctl") {
        return skip(TEST, "it needs systemctl");
    }
    let (mut known, mut masked) = (0, 0);
    for seed in 0..ROOTS {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        generated::fill(root, seed);
        for unit in &services(root).units {
            // It follows no alias, and gives up at links that systemd passes over.
            let Some(state) = oracle::is_enabled(root, &unit.name).filter(|state| state != "alias") else { continue };
            assert_eq!(unit.masked.is_some(), state.starts_with("masked"), "root {seed}: {} is {state}", unit.name);
            known += 1;
            masked += usize::from(unit.masked.is_some());
        }
    }
    let roots = usize::try_from(ROOTS).unwrap();
    assert!(known > 4 * roots, "systemctl knows next to nothing: {known} units");
    assert!(masked > 10, "next to nothing is masked: {masked} units");
}
