//! Which probes are asked, in which order, and whose facts count.

use super::beforehand::Beforehand;
use super::os_release::pretty_name;
use super::request::{GatherRequest, Stage};
use super::storage::Place;
use super::units::startup::Startup;
use super::{
    boot_files, cmdline, dhcp, disk, firmware, initramfs, iscsi, kernel, loader, netconfig, network, nics,
    same_machine, services, storage, template,
};
use crate::formats::text::names;
use crate::system::{Budget, Root};
use isctpl_checks::Analysis;
use isctpl_checks::facts::{Fact, Facts, Group, Loader, Mode, Problem, Scope, Source, Storage};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The most that a saved ACPI table may hold; a real one has under 2 KiB.
const TABLE_LIMIT: u64 = 64 << 10;

/// The most images that are read of one entry.
const IMAGES_LIMIT: usize = 8;

/// Reads every fact that this mode allows. `say` is told what comes next.
///
/// # Errors
/// When the root, or a file that the user named, cannot be opened: everything else becomes a fact
/// that is unknown.
pub fn gather(request: &GatherRequest, say: &dyn Fn(Stage)) -> Result<Facts, Problem> {
    gather_behind(request, &Beforehand::default(), say)
}

/// The same behind a fence.
///
/// # Errors
/// As [`gather`].
pub(super) fn gather_behind(
    request: &GatherRequest,
    beforehand: &Beforehand,
    say: &dyn Fn(Stage),
) -> Result<Facts, Problem> {
    if request.disk.is_some() {
        say(Stage::RootDisk);
    }
    let disk = request.disk.as_ref().map(|path| disk::open(path, request.root_choice.as_ref())).transpose()?;
    let root = match &disk {
        Some(disk) => disk.root.clone(),
        None => Root::open(&request.root)?,
    };
    let live = request.is_live();
    if live && request.same_machine {
        return Err(Problem::new("--same-machine", "needs --root DIR; on the booted instance leave it out"));
    }
    let told =
        live || disk.is_some() || request.same_machine || request.sysfs.is_some() || request.ibft_table.is_some();
    let proof = if told { None } else { same_machine::proof(&root, beforehand.ibft.as_ref()) };
    let same_machine = request.same_machine || proof.is_some();
    let machine = live || same_machine;
    let sysfs = match &request.sysfs {
        Some(directory) => Some(root.open_beside(directory, &directory.display().to_string())?),
        None if machine => Some(Root::sysfs()?),
        None => None,
    };
    let table = request.ibft_table.as_deref().map(read_table).transpose()?;

    let mut facts = Facts::default();
    if live {
        say(Stage::RootDisk);
        facts.storage.root_silence = storage::root_silence(&root.kernel());
    }
    facts.scope = Scope { same_machine, same_machine_proof: proof, ..scope(request, &root, live) };
    facts.scope.problems.extend(disk.iter().flat_map(|disk| disk.problems.iter().cloned()));
    let place = match &disk {
        Some(disk) => Place::Disk(disk),
        None if live => Place::Running,
        None => Place::Mounted,
    };
    say(Stage::Firmware);
    let not_ours = || "this host may not be the instance (--same-machine if it is)".to_owned();
    match (&sysfs, &table) {
        (Some(sysfs), table) => {
            let table = table.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
            facts.firmware = firmware::read(sysfs, beforehand.ibft.as_ref(), table);
            facts.nics = nics::read(sysfs);
        }
        (None, Some((name, bytes))) => {
            facts.firmware = firmware::read_saved(name, bytes);
            facts.nics = Fact::NotApplicable(not_ours());
        }
        (None, None) => {
            facts.firmware.table = Fact::NotApplicable(not_ours());
            facts.firmware.sysfs = Fact::NotApplicable(not_ours());
            facts.nics = Fact::NotApplicable(not_ours());
        }
    }

    say(Stage::Loader);
    facts.loader = loader::read(&root);
    let images = images_to_read(&facts.loader);
    let read_images = || {
        let budget = Budget::of_images();
        images.iter().map(|path| initramfs::read(&root, path, &budget)).collect::<Vec<_>>()
    };
    let startup = std::thread::scope(|scope| {
        // Unpacking takes longer than all the rest, so it has a thread of its own where there is one to have.
        let reader = std::thread::Builder::new().name("images".to_owned()).spawn_scoped(scope, read_images);
        let startup = read_files(&root, place, sysfs.as_ref().filter(|_| live), beforehand, &mut facts, say);
        if live {
            say(Stage::Routes);
            let flows = Analysis::of(&facts).session_flows();
            facts.network = match &beforehand.runtime {
                Some(runtime) => network::read_on(runtime.as_ref(), &root.kernel(), &flows),
                None => network::read(&root.kernel(), &flows),
            };
        } else {
            not_this_hosts_network(&mut facts);
            if same_machine {
                add_this_hosts_leases(&root, &mut facts);
            }
        }
        say(Stage::Images);
        facts.images = match reader.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(images)) => images,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => read_images(),
        };
        startup
    });
    if let Some(ended) = root.budget().ended() {
        // Also where a file was only looked for, which then counts as one that does not exist.
        facts.scope.problems.push(Problem::new("/", ended));
    }
    // Last, because no boot depends on what a search for leftovers does not reach.
    say(Stage::Template);
    facts.template = template::read(&root, &startup);
    facts.cap_problems();
    match isctpl_checks::unborne_san_nic(&facts) {
        Some(wrong) => Err(wrong),
        None => Ok(facts),
    }
}

/// Reads the facts that the running kernel alone tells, and notes of all others that they could not be read:
/// `unread` says why. Nothing of it needs the root's disk.
///
/// # Errors
/// When `/` or `/sys` cannot be opened.
pub fn gather_kernel(request: &GatherRequest, unread: &Problem) -> Result<Facts, Problem> {
    let root = Root::running()?;
    let sysfs = match &request.sysfs {
        Some(directory) => Root::open_labelled(directory, &directory.display().to_string())?,
        None => Root::sysfs()?,
    };
    let unknown = || vec![unread.clone()];
    let mut facts = Facts {
        firmware: firmware::read(&sysfs, None, None),
        nics: nics::read(&sysfs),
        cmdline: cmdline::read(&root),
        iscsi: iscsi::read_kernel(&root, &sysfs, unread),
        storage: storage::read_kernel(&root, unread),
        ..Facts::default()
    };
    facts.scope = Scope { problems: unknown(), ..described(request, true) };
    facts.loader.chosen = Fact::Unknown(unread.clone());
    facts.loader.esp = Fact::Unknown(unread.clone());
    facts.loader.problems = unknown();
    facts.dhcp.problems = unknown();
    facts.netconfig.problems = unknown();
    facts.services.problems = unknown();
    facts.template.problems = unknown();
    let flows = Analysis::of(&facts).session_flows();
    facts.network = network::read(&root, &flows);
    facts.cap_problems();
    Ok(facts)
}

/// Everything that lies in files of the root.
fn read_files<'r>(
    root: &'r Root,
    place: Place<'_>,
    sysfs: Option<&Root>,
    beforehand: &Beforehand,
    facts: &mut Facts,
    say: &dyn Fn(Stage),
) -> Startup<'r> {
    let live = matches!(place, Place::Running);
    facts.cmdline = if live {
        cmdline::read(&root.kernel())
    } else {
        Fact::NotApplicable("the running kernel command line does not belong to the mounted root".to_owned())
    };
    say(Stage::Kernels);
    let modaliases: Vec<String> =
        facts.nics.known().into_iter().flatten().filter_map(|nic| nic.modalias.clone()).collect();
    facts.kernels = kernel::read(root, &facts.loader, &modaliases, &[]);
    let (boot_files, unlisted) = boot_files::read(root);
    facts.boot_files = boot_files;
    // They decide nothing, and most of what stands in their way stands in the loader's too.
    let known = facts.problems_of(Group::Loader);
    let new = unlisted
        .into_iter()
        .filter(|new| !known.iter().any(|known| (&known.place, &known.what) == (&new.place, &new.what)));
    let new: Vec<Problem> = new.map(|problem| problem.of(Source::Other)).collect();
    facts.loader.problems.extend(new);
    say(Stage::OpenIscsi);
    facts.iscsi = iscsi::read(root, sysfs, beforehand.iscsid.as_ref());
    say(Stage::NetworkConfiguration);
    let startup = Startup::read(root);
    facts.dhcp = dhcp::read(root, live);
    let portals: Vec<IpAddr> = Analysis::of(facts).root_portals().into_iter().map(|portal| portal.ip).collect();
    let words = facts.loader.default_entry().map(|entry| &entry.cmdline).filter(|_| !live);
    facts.netconfig = netconfig::read(root, &startup, &portals, words);
    say(Stage::Services);
    facts.services = services::read(root, &startup);
    say(Stage::Disks);
    let root_silence = std::mem::take(&mut facts.storage.root_silence);
    facts.storage = Storage { root_silence, ..storage::read(root, place) };
    if let Place::Mounted = place {
        facts.storage.beside = storage::beside::read(root, facts.scope.same_machine);
    }
    startup
}

fn scope(request: &GatherRequest, root: &Root, live: bool) -> Scope {
    let mut problems = Vec::new();
    let mut text = |path: &str| {
        root.text(path).unwrap_or_else(|problem| {
            problems.push(problem.of(Source::Other));
            None
        })
    };
    let os = text("/etc/os-release").as_deref().and_then(pretty_name);
    let hostname = text("/etc/hostname").and_then(|name| name.split_whitespace().next().map(str::to_owned));
    let booted = if live { booted(&root.kernel()) } else { None };
    Scope { os, hostname, booted, problems, ..described(request, live) }
}

/// When the running system was started, as its kernel tells, in seconds since 1970. `None` where it does not tell: then
/// no image is known to have booted.
fn booted(root: &Root) -> Option<i64> {
    let text = root.text("/proc/stat").ok().flatten()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// How, where and when facts would be read of this root, without a look at it.
pub fn described_unread(request: &GatherRequest) -> Scope {
    described(request, request.disk.is_none() && request.root == Path::new("/"))
}

/// How, where and when facts are read, without what the root itself tells.
fn described(request: &GatherRequest, live: bool) -> Scope {
    let now = jiff::Timestamp::now();
    Scope {
        mode: if live { Mode::Live } else { Mode::Root },
        root: request.disk.as_ref().unwrap_or(&request.root).display().to_string(),
        from_disk: request.disk.is_some(),
        same_machine: request.same_machine,
        firmware_given: request.ibft_table.is_some() || request.sysfs.is_some(),
        ibft_table: request.ibft_table.as_ref().map(|path| path.display().to_string()),
        sysfs: request.sysfs.as_ref().map(|path| path.display().to_string()),
        time: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string(),
        epoch_seconds: now.as_second(),
        privileged: nix::unistd::geteuid().is_root(),
        portals: request.portals.clone(),
        san_subnets: request.san_subnets.clone(),
        san_on_link: request.san_on_link,
        san_nic: request.san_nic.clone(),
        rescued: request.rescued,
        ..Scope::default()
    }
}

fn read_table(path: &Path) -> Result<(String, Vec<u8>), Problem> {
    let name = path.display().to_string();
    let problem = |what: String| Problem::new(name.clone(), what);
    let absolute = path.canonicalize().map_err(|error| problem(error.to_string()))?;
    let parent = absolute.parent().unwrap_or(Path::new("/"));
    let file = names::decode(absolute.file_name().unwrap_or_default().as_bytes());
    let bytes = Root::open(parent)?
        .read(&format!("/{file}"), TABLE_LIMIT)
        .map_err(|found| problem(found.what))?
        .ok_or_else(|| problem("does not exist".to_owned()))?;
    Ok((name, bytes))
}

/// The initrds of the entry that boots; of the first Linux entry where it is not known which boots.
fn images_to_read(loader: &Loader) -> Vec<String> {
    let entry = loader.default_entry().or_else(|| loader.entries.iter().find(|entry| entry.linux));
    entry
        .into_iter()
        .flat_map(|entry| &entry.initrds)
        .filter_map(|initrd| initrd.path.clone())
        .take(IMAGES_LIMIT)
        .collect()
}

fn not_this_hosts_network(facts: &mut Facts) {
    let why = "the running network does not belong to the mounted root";
    facts.network.links = Fact::NotApplicable(why.to_owned());
    facts.network.addresses = Fact::NotApplicable(why.to_owned());
    facts.network.routes = Fact::NotApplicable(why.to_owned());
    facts.network.rules = Fact::NotApplicable(why.to_owned());
    facts.network.lookups = Fact::NotApplicable(why.to_owned());
}

/// With `--same-machine` the SAN lease that this host was given counts as the instance's.
fn add_this_hosts_leases(root: &Root, facts: &mut Facts) {
    match root.open_beside(Path::new("/"), "") {
        Ok(host) => dhcp::leases_of_host(&host, &mut facts.dhcp),
        Err(problem) => facts.dhcp.problems.push(problem),
    }
}
