//! The scenarios, held against the checks and the chain.

use isctpl_checks::{Link, registry};
use isctpl_lab::scenario::{Catalogue, Expectation, Kind, Prepare, Scenario};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn lab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab")
}

fn catalogue() -> Catalogue {
    Catalogue::read(&lab()).unwrap()
}

fn expectations(scenario: &Scenario) -> impl Iterator<Item = &Expectation> {
    std::iter::once(&scenario.expect).chain(&scenario.live).chain(&scenario.injected)
}

#[test]
fn every_scenario_names_verdicts_links_and_checks_that_there_are() {
    let catalogue = catalogue();
    for scenario in catalogue.scenarios().chain(catalogue.installers()) {
        for expected in expectations(scenario) {
            let verdict = expected.verdict.as_str();
            assert!(["boots", "fails", "at-risk", "unknown"].contains(&verdict), "{}", scenario.name);
            assert_eq!(expected.link.is_some(), ["fails", "at-risk"].contains(&verdict), "{}", scenario.name);
            for link in expected.link.iter() {
                assert!(Link::from_name(link).is_some(), "{}: {link}", scenario.name);
            }
            for check in expected.finding.iter().chain(&expected.also) {
                assert!(registry::find(check).is_some(), "{}: {check}", scenario.name);
            }
        }
        for check in &scenario.stays {
            assert!(registry::find(check).is_some(), "{}: {check}", scenario.name);
        }
    }
}

#[test]
fn every_fault_is_done_to_a_healthy_baseline() {
    let catalogue = catalogue();
    for scenario in catalogue.scenarios() {
        assert_eq!(catalogue.is_baseline(scenario), scenario.kind() != Kind::Fault, "{}", scenario.name);
        let healthy = scenario.kind() == Kind::Healthy;
        assert!(!healthy || expectations(scenario).all(|expected| expected.verdict == "boots"), "{}", scenario.name);
        if let Some(from) = catalogue.scenario(&scenario.from) {
            assert_eq!(from.kind(), Kind::Healthy, "{} is done to what is not healthy", scenario.name);
        }
    }
}

#[test]
fn what_an_installer_leaves_is_to_boot() {
    let catalogue = catalogue();
    assert!(catalogue.installers().any(|installer| installer.name == "debian"));
    assert!(catalogue.installers().all(|installer| installer.expect.verdict == "boots"));
}

#[test]
fn the_readme_shows_a_scenario_as_it_is() {
    let lab = lab();
    let readme = fs::read_to_string(lab.join("README.md")).unwrap();
    for file in ["scenario.toml", "change.sh"] {
        let text = fs::read_to_string(lab.join("scenarios/loader-kernel-gone").join(file)).unwrap();
        assert!(readme.contains(&format!("\n{text}```\n")), "{file}");
    }
}

#[test]
fn faults_are_spread_over_the_whole_chain() {
    let catalogue = catalogue();
    let broken: BTreeSet<&str> =
        catalogue.scenarios().flat_map(expectations).filter_map(|expected| expected.link.as_deref()).collect();
    let chain: BTreeSet<&str> = Link::CHAIN.iter().map(|link| link.name()).collect();
    assert_eq!(broken, chain);
}

#[test]
fn every_bare_system_boots_by_what_prepare_makes_of_it() {
    let catalogue = catalogue();
    let bare: Vec<&Scenario> = catalogue.scenarios().filter(|scenario| scenario.kind() == Kind::Bare).collect();
    for suite in ["bookworm", "trixie"] {
        for image in ["", "-dracut-nm", "-dracut-networkd"] {
            let name = format!("bare-{suite}{image}");
            assert!(bare.iter().any(|scenario| scenario.name == name), "{name}");
        }
    }
    for scenario in bare {
        assert_ne!(scenario.expect.verdict, "boots", "{}", scenario.name);
        assert!(!matches!(scenario.prepare, Some(Prepare::Not(_))), "{}", scenario.name);
    }
}
