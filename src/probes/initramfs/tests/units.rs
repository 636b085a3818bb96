//! Units of an image, and what the clients of its network are told: read as those of a root are.

use super::super::collect::Collected;
use super::*;
use crate::probes::sample::SampleRoot;
use crate::probes::units::load::Units;
use crate::probes::units::started::{Follow, started};
use isctpl_checks::facts::Option121Support;

const SYSTEM: &str = "/usr/lib/systemd/system";

/// What the cases of the loader have in common: aliases, masks, templates, prefixes and kinds.
fn files() -> Vec<(String, &'static str)> {
    let below = |directory: &str, name: &str| format!("{directory}/{name}");
    vec![
        (below(SYSTEM, "initrd.target"), "[Unit]\nWants=a-b.service masked.service\n"),
        (below(SYSTEM, "a-b.service"), "[Service]\nExecStart=/bin/a\n"),
        (below(SYSTEM, "a-.service.d/10.conf"), "[Unit]\nRequires=t@1.service\n"),
        (below("/etc/systemd/system", "service.d/10.conf"), "[Unit]\nWants=unseen.service\n"),
        (below("/usr/local/lib/systemd/system", "t@.service"), "[Service]\nExecStart=/bin/t\n"),
        (below(SYSTEM, "masked.service"), "[Service]\nExecStart=/bin/masked\n"),
        (below("/etc/systemd/system", "masked.service"), "-> /dev/null"),
        (below(SYSTEM, "alias.service"), "-> real.service"),
        (below(SYSTEM, "real.service"), "[Service]\nExecStart=/bin/real\n"),
        (below("/etc/systemd/system", "initrd.target.wants/alias.service"), "-> /usr/lib/systemd/system/real.service"),
        (below("/etc/systemd/system", "initrd.target.wants/none.service"), "-> /dev/null"),
        (below(SYSTEM, "none.service"), "[Service]\nExecStart=/bin/none\n"),
    ]
}

fn archive(files: &[(String, &str)]) -> Archive {
    files.iter().fold(Archive::new(), |archive, (path, text)| match text.strip_prefix("-> ") {
        Some(target) => archive.link(&path[1..], target),
        None => archive.file(&path[1..], text),
    })
}

/// The units that start, each with the names of its drop-ins.
fn startup(units: &Units<'_>) -> Vec<(String, Vec<String>)> {
    let all = started(units, [("initrd.target".to_owned(), None)], Follow::All);
    assert_eq!((units.problems(), units.cut_short()), (vec![], None));
    let loaded = all.keys().filter_map(|name| units.load(name));
    let name = |path: &str| path.rsplit('!').next().unwrap().trim_start_matches('/').to_owned();
    loaded.map(|unit| (unit.name.clone(), unit.drop_ins.iter().map(|at| name(&at.path)).collect())).collect()
}

fn tree(image: &[u8]) -> Tree {
    let budget = Budget::of_images();
    let mut collected = Collected::within("/boot/initrd.img", &budget);
    let mut input = Input::new(Cursor::new(image), image.len() as u64, budget.unpacking());
    walk::walk(&mut input, "/boot/initrd.img", &budget, &mut |_, header, data| {
        collected.take(&header, data).map(|_| ())
    });
    collected.rootfs.finish()
}

#[test]
fn an_image_and_a_root_start_the_same_units() {
    let files = files();
    let root = SampleRoot::of(&files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
    let (root, tree) = (root.open(), tree(&archive(&files).finish()));
    let of_image = startup(&Units::list(&tree));
    assert_eq!(of_image, startup(&Units::list(&root)));
    let names: Vec<&str> = of_image.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a-b.service", "initrd.target", "masked.service", "real.service", "t@1.service"]);
    assert_eq!(of_image[0].1, ["usr/lib/systemd/system/a-.service.d/10.conf"], "it hides the one of its kind");
}

#[test]
fn programs_of_units_that_only_a_prefix_or_an_alias_starts_are_missed() {
    let image = archive(&files()).program("usr/lib/systemd/systemd", program(None, &[], None)).finish();
    let missing = facts_of(&image).missing_unit_programs;
    let programs: Vec<&str> = missing.iter().map(|missing| missing.program.as_str()).collect();
    assert_eq!(programs, ["/bin/a", "/bin/real", "/bin/t"]);
}

#[test]
fn thousands_of_links_to_one_unit_are_one_unit() {
    let steps = |count: usize| {
        let target = format!("{SYSTEM}/initrd.target");
        let mut files = vec![(target, "[Unit]\n"), (format!("{SYSTEM}/one.service"), "[Service]\nExecStart=/bin/x\n")];
        for number in 0..count {
            files.push((format!("{SYSTEM}/alias{number}.service"), "-> one.service"));
            files.push((format!("{SYSTEM}/initrd.target.wants/alias{number}.service"), "-> ../one.service"));
        }
        let tree = tree(&archive(&files).finish());
        assert_eq!(startup(&Units::list(&tree)).len(), 2);
        tree.steps()
    };
    let (once, twice) = (steps(2_000), steps(4_000));
    assert!(twice <= 2 * once, "{once} for 2000 links, {twice} for 4000");
}

fn support(archive: Archive) -> Option121Support {
    facts_of(&archive.finish()).classless[0].support.clone()
}

#[test]
fn networkd_refuses_routes_only_in_a_file_that_holds_for_dhcp() {
    let network = |text: &str| {
        Archive::new()
            .program("usr/lib/systemd/systemd-networkd", program(None, &[], None))
            .file("usr/lib/systemd/network/10-all.network", text)
    };
    let refuses = "[Match]\nName=*\n[DHCPv4]\nUseRoutes=no\n";
    assert!(matches!(support(network(refuses)), Option121Support::No(_)));
    let of_ipv6 = "[Match]\nName=*\n[IPv6AcceptRA]\nUseRoutes=no\n";
    assert_eq!(support(network(of_ipv6)), Option121Support::Yes, "option 121 is of DHCPv4");
    let masked = network(refuses).link("etc/systemd/network/10-all.network", "/dev/null");
    assert_eq!(support(masked), Option121Support::Yes, "the file is masked");
    let amended = network(refuses).file("etc/systemd/network/10-all.network.d/x.conf", "[DHCPv4]\nUseRoutes=yes\n");
    assert_eq!(support(amended), Option121Support::Yes, "a drop-in has the last word");
}

#[test]
fn dhclient_asks_by_a_name_that_it_has_built_in() {
    let mut dhclient = program(None, &[], None);
    dhclient.extend_from_slice(b"\0classless-static-routes\0");
    let conf = "request routers, classless-static-routes;\n";
    let image = || {
        let script = DHCLIENT_SCRIPT.replace('"', "");
        dracut().file("etc/dhclient.conf", conf).program("usr/sbin/dhclient-script", script)
    };
    assert!(matches!(support(image()), Option121Support::No(_)), "nothing declares the name");
    assert_eq!(support(image().program("usr/sbin/dhclient", dhclient)), Option121Support::Yes);
}

/// What is said of one NIC is no answer for another: which one is the SAN NIC is not known here.
#[test]
fn what_is_said_of_some_nics_alone_is_unclear() {
    let unclear = |support: Option121Support| matches!(support, Option121Support::Unclear(why) if why.contains("NICs"));
    let dhcpcd = |conf: &str| {
        let image = dracut().program("usr/sbin/ifup", "#!/bin/sh\ndhcpcd -q eth0\n");
        support(image.program("usr/sbin/dhcpcd", program(None, &[], None)).file("etc/dhcpcd.conf", conf))
    };
    assert_eq!(dhcpcd("option 121\ninterface eth9\nmetric 5\n"), Option121Support::Yes);
    assert!(matches!(dhcpcd("nooption 121\ninterface eth9\nmetric 5\n"), Option121Support::No(_)));
    assert!(unclear(dhcpcd("interface eth9\noption 121\n")), "asked for on another NIC, and not by default");
    assert!(unclear(dhcpcd("option 121\ninterface eth9\nnooption 121\n")), "refused on another NIC");

    let script = DHCLIENT_SCRIPT.replace('"', "");
    let dhclient = |conf: &str| {
        let text = format!("option classless-static-routes code 121 = text;\n{conf}");
        support(dracut().file("etc/dhclient.conf", text).program("usr/sbin/dhclient-script", script.as_str()))
    };
    let asks = "request classless-static-routes;\n";
    assert_eq!(dhclient(&format!("{asks}interface \"a\" {{ timeout 5; }}\n")), Option121Support::Yes);
    assert!(unclear(dhclient(&format!("request routers;\ninterface \"a\" {{ {asks} }}\n"))));
    assert!(unclear(dhclient(&format!("{asks}interface \"a\" {{ request routers; }}\n"))));

    let networkd = |files: &[(&str, &str)]| {
        let image = Archive::new().program("usr/lib/systemd/systemd-networkd", program(None, &[], None));
        let path = |name: &str| format!("usr/lib/systemd/network/{name}.network");
        support(files.iter().fold(image, |image, (name, text)| image.file(&path(name), text)))
    };
    let (all, refuses) = ("[Match]\nName=*\n[Network]\nDHCP=yes\n", "[Network]\nDHCP=yes\n[DHCPv4]\nUseRoutes=no\n");
    let of_one = format!("[Match]\nName=eth9\n{refuses}");
    assert_eq!(networkd(&[("10-all", all), ("20-one", &of_one)]), Option121Support::Yes, "the first one that matches");
    assert!(unclear(networkd(&[("10-one", &of_one), ("20-all", all)])));
    assert!(unclear(networkd(&[("10-one", &of_one)])), "the generator makes one for the SAN NIC");
}

/// Red Hat's dhclient asks for option 121 where nothing is listed, or where there is no file at all.
#[test]
fn a_dhclient_that_asks_by_itself_gets_routes() {
    let mut dhclient = program(None, &[], None);
    dhclient.extend_from_slice(b"\0classless-static-routes\0");
    let script = DHCLIENT_SCRIPT.replace('"', "");
    let image = |conf: &str| {
        let image = dracut().program("usr/sbin/dhclient", dhclient.as_slice());
        image.program("usr/sbin/dhclient-script", script.as_str()).file("etc/dhclient.conf", conf)
    };
    assert_eq!(support(image("timeout 5;\n")), Option121Support::Yes);
    assert_eq!(support(image("also request ntp-servers;\n")), Option121Support::Yes);
    assert!(matches!(support(image("request routers;\n")), Option121Support::No(_)));
    assert_eq!(support(image("").link("etc/dhclient.conf", "/etc/none.conf")), Option121Support::Yes, "no file");
}

/// What a client's file is cut by may ask for the option or refuse it.
#[test]
fn a_clients_file_that_is_not_read_whole_is_unclear() {
    let facts = |archive: Archive| facts_of(&archive.finish());
    let blocks: String = (0..1100).map(|number| format!("interface e{number}\n")).collect();
    let dhcpcd = dracut()
        .program("usr/sbin/ifup", "#!/bin/sh\ndhcpcd -q eth0\n")
        .program("usr/sbin/dhcpcd", program(None, &[], None))
        .file("etc/dhcpcd.conf", format!("option 121\n{blocks}"));
    let names = "routers,".repeat(5000);
    let dhclient = dracut().file("etc/dhclient.conf", format!("request {names}routers;\n"));
    for (image, told) in [(dhcpcd, "1024 interface blocks"), (dhclient, "4096 names")] {
        let facts = facts(image);
        assert!(matches!(&facts.classless[0].support, Option121Support::Unclear(why) if why.contains(told)), "{told}");
        assert!(facts.problems.iter().any(|problem| problem.what.contains(told)), "{:?}", facts.problems);
    }
}
