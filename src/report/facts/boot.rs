//! Loader entries, kernels, and initramfs images.

use super::page::{Page, bytes, list, located};
use isctpl_checks::facts::{
    BootEntry, BootFile, BootFileKind, Esp, Fact, Facts, FileRef, Initramfs, Kernel, LoginKind, NetworkKind,
    RequestKind, Start,
};

/// What the boot loader will do.
pub(super) fn loader(facts: &Facts, page: &mut Page<'_>) {
    let loader = &facts.loader;
    let chosen = loader.chosen.known();
    for (index, entry) in loader.entries.iter().enumerate() {
        let boots = chosen.is_some_and(|chosen| chosen.index == index);
        one_entry(index, entry, boots, page);
    }
    page.heading("Which entry boots");
    match chosen {
        Some(chosen) => {
            let at = chosen.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
            page.line(&format!("entry {}, by {}{at}", chosen.index, chosen.because));
        }
        None => page.unread(&loader.chosen),
    }
    loader.no_entries.iter().for_each(|why| page.line(&located(Some(why))));
    let timeout = loader.timeout.as_ref().map(|timeout| match timeout.value {
        -1 => format!("the menu waits for a key for ever ({})", timeout.at),
        seconds => format!("{seconds} s ({})", timeout.at),
    });
    let defaults = &loader.defaults;
    let line = |found: Option<&isctpl_checks::facts::Located<isctpl_checks::facts::Cmdline>>| {
        found.map(|line| format!("{} ({})", line.value.text(), line.at)).unwrap_or_default()
    };
    page.fields([
        ("menu", timeout.unwrap_or_default()),
        ("GRUB_DEFAULT", located(defaults.default.as_ref())),
        ("GRUB_CMDLINE_LINUX", line(defaults.cmdline_linux.as_ref())),
        ("GRUB_CMDLINE_LINUX_DEFAULT", line(defaults.cmdline_linux_default.as_ref())),
        ("kernel-install", line(defaults.kernel_cmdline.as_ref())),
        ("grubenv", list(loader.grubenv.iter().map(|(key, value)| format!("{key}={value}")))),
    ]);
    page.heading("EFI system partition");
    match &loader.esp {
        Fact::Known(esp) => partition(esp, page),
        unread => page.unread(unread),
    }
    if let Some(cmdline) = facts.cmdline.known() {
        page.heading("Command line of the running kernel (/proc/cmdline)");
        page.line(&cmdline.text());
    }
    page.problems(&loader.problems);
}

fn one_entry(index: usize, entry: &BootEntry, boots: bool, page: &mut Page<'_>) {
    let titles: Vec<&str> = entry.submenu.iter().chain([&entry.title]).map(String::as_str).collect();
    let mark = if boots { " [boots]" } else { "" };
    page.heading(&format!("Entry {index}{mark}: {}", titles.join(" > ")));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |label: &str, value: String| rows.push(vec![label.to_owned(), value]);
    if let Some(at) = &entry.at {
        row("from", at.to_string());
    }
    entry.kernel.iter().for_each(|kernel| row("kernel", file(kernel)));
    entry.initrds.iter().for_each(|initrd| row("initrd", file(initrd)));
    if entry.linux {
        row("cmdline", entry.cmdline.text());
    } else {
        row("starts", entry.starts.map_or("no Linux", Start::name).to_owned());
    }
    if !entry.unresolved.is_empty() {
        row("unresolved", format!("variables {}", list(&entry.unresolved)));
    }
    page.rows(rows);
}

fn file(file: &FileRef) -> String {
    match (&file.path, &file.problem) {
        (Some(path), _) if *path == file.written => format!("{path} ({})", bytes(file.size)),
        (Some(path), _) => format!("{} found as {path} ({})", file.written, bytes(file.size)),
        (None, Some(problem)) => format!("{} unreadable: {problem}", file.written),
        (None, None) => format!("{} is missing", file.written),
    }
}

fn partition(esp: &Esp, page: &mut Page<'_>) {
    let Some(mount_point) = &esp.mount_point else { return page.line("no sign of one") };
    let seen = if esp.visible { "" } else { ", empty: not mounted here, or without a loader" };
    page.line(&format!("{mount_point}{seen}"));
    page.fields([("fallback loader", list(&esp.fallback)), ("other loaders", list(&esp.loaders))]);
}

/// Kernels that entries name, and those that none does.
pub(super) fn kernels(facts: &Facts, page: &mut Page<'_>) {
    let boots =
        facts.loader.default_entry().and_then(|entry| entry.kernel.as_ref()).and_then(|file| file.path.as_deref());
    for kernel in &facts.kernels {
        one_kernel(kernel, boots == Some(kernel.path.as_str()), page);
    }
    if facts.kernels.is_empty() {
        page.heading("No loader entry names a kernel that is on this disk");
    }
    let unnamed: Vec<&BootFile> = facts
        .boot_files
        .iter()
        .filter(|file| file.kind == BootFileKind::Kernel && entries_of(&file.path, facts).is_empty())
        .collect();
    if !unnamed.is_empty() {
        page.heading("Kernels without a loader entry");
        let rows = unnamed.iter().map(|file| {
            let modules =
                file.modules_dir.as_deref().map_or("no modules".to_owned(), |dir| format!("modules in {dir}"));
            let version = file.version.as_deref().unwrap_or("version unknown");
            vec![file.path.clone(), format!("{version}, {modules}, {}", bytes(file.size))]
        });
        page.rows(rows.collect());
    }
}

fn one_kernel(kernel: &Kernel, boots: bool, page: &mut Page<'_>) {
    page.heading(&format!("Kernel{} {}", if boots { " [boots]" } else { "" }, kernel.path));
    let source = if kernel.version_from_image { "stated by the image" } else { "by its name" };
    let version = kernel.version.known().map(|version| format!("{version} ({source})"));
    let drivers: Vec<String> =
        kernel.alias_matches.iter().map(|(modalias, modules)| format!("{} (for {modalias})", list(modules))).collect();
    let absent = kernel.modules.values().filter(|module| !module.present).map(|module| &module.path);
    let config = kernel.config.as_ref().map(|config| {
        format!("{} ({})", list(config.value.iter().map(|(key, value)| format!("{key}={value}"))), config.at)
    });
    page.unread(&kernel.version);
    page.fields([
        ("version", version.unwrap_or_default()),
        (
            "modules",
            kernel.modules_dir.clone().unwrap_or_else(|| "no directory of modules for this version".to_owned()),
        ),
        ("iSCSI", list(["iscsi_tcp", "iscsi_ibft"].map(|name| format!("{name} {}", presence(kernel, name))))),
        ("NIC drivers", drivers.join(", ")),
        ("asked for", list(asked_for(kernel))),
        ("missing files", list(absent)),
        ("config", config.unwrap_or_default()),
    ]);
    page.problems(&kernel.problems);
}

/// What modules ask for while they run, with what answers.
fn asked_for(kernel: &Kernel) -> impl Iterator<Item = String> {
    let asked = kernel.modules.values().flat_map(|module| {
        module.asks.known().into_iter().flatten().map(move |asked| (module.name.as_str(), asked.request.as_str()))
    });
    asked.map(move |(module, request)| {
        let answers = kernel.requests.known().and_then(|requests| requests.get(request));
        let answers = answers.map_or_else(|| "nothing answers".to_owned(), list);
        format!("{request} by {module} ({answers})")
    })
}

fn presence(kernel: &Kernel, name: &str) -> &'static str {
    let built_in = kernel.builtin.known().map(|builtin| builtin.contains(name));
    match (built_in, kernel.modules.get(name)) {
        (Some(true), _) => "built in",
        (_, Some(module)) if module.present => "as a module",
        (_, Some(_)) => "as a module whose file is missing",
        (Some(false), None) => "missing",
        (None, None) => "unknown",
    }
}

/// Indices of the entries that name a file.
fn entries_of(path: &str, facts: &Facts) -> Vec<usize> {
    let names =
        |entry: &BootEntry| entry.kernel.iter().chain(&entry.initrds).any(|file| file.path.as_deref() == Some(path));
    facts.loader.entries.iter().enumerate().filter(|(_, entry)| names(entry)).map(|(index, _)| index).collect()
}

/// Images on the disk, and what is in those that boot.
pub(super) fn images(facts: &Facts, page: &mut Page<'_>) {
    let on_disk = facts
        .boot_files
        .iter()
        .filter(|file| file.kind == BootFileKind::Initramfs)
        .map(|file| (file.path.as_str(), file.size));
    let mut paths: Vec<(&str, u64)> = on_disk.collect();
    let named = facts.loader.entries.iter().flat_map(|entry| &entry.initrds);
    for file in named.filter_map(|file| Some((file.path.as_deref()?, file.size))) {
        if !paths.iter().any(|(path, _)| *path == file.0) {
            paths.push(file);
        }
    }
    page.heading("Initramfs images");
    if paths.is_empty() {
        page.line("none was found; name one: isctpl show initramfs IMAGE");
    }
    page.rows(paths.iter().map(|(path, size)| candidate(path, *size, facts)).collect());
    if let Some((path, _)) = paths.first() {
        let root = facts.scope.root.trim_end_matches('/');
        page.note(&format!("List any of them: isctpl show initramfs {root}{path}"));
    }
    facts.images.iter().for_each(|image| one_image(image, page));
}

fn candidate(path: &str, size: u64, facts: &Facts) -> Vec<String> {
    let entries = entries_of(path, facts);
    let chosen = facts.loader.chosen.known().map(|chosen| chosen.index);
    let word = if entries.iter().any(|entry| Some(*entry) == chosen) {
        "boots".to_owned()
    } else if entries.is_empty() {
        "no loader entry names it".to_owned()
    } else {
        format!("named by entry {}", list(&entries))
    };
    vec![path.to_owned(), format!("{}, {word}", bytes(size))]
}

fn one_image(image: &Initramfs, page: &mut Page<'_>) {
    page.heading(&format!("Image {}, {}", image.path, bytes(image.size)));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |label: &str, value: String| rows.push(vec![label.to_owned(), value]);
    for segment in &image.segments {
        row(
            "segment",
            format!(
                "{} at byte {}, {}, {} unpacked, {} entries",
                segment.compression,
                segment.offset,
                bytes(segment.packed),
                bytes(segment.unpacked),
                segment.entries
            ),
        );
    }
    row("modules", format!("{} for {}", image.modules.len(), list(&image.module_versions)));
    row("other entries", image.files.len().to_string());
    image.login.iter().for_each(|login| row("login", format!("{} in {}", login_word(login.kind), login.at)));
    image
        .requests
        .iter()
        .for_each(|request| row("asks for", format!("{} ({})", request_text(&request.kind), request.at)));
    image
        .network
        .iter()
        .for_each(|network| row("network", format!("{} in {}", network_word(network.kind), network.at)));
    if let Some(name) = &image.initiator_name {
        row("initiator", located(Some(name)));
    }
    for missing in &image.missing_libraries {
        row("missing", format!("library {}, needed by {}", missing.name, missing.needed_by));
    }
    for missing in &image.missing_unit_programs {
        row("missing", format!("program {}, named by {}= of {}", missing.program, missing.directive, missing.unit));
    }
    page.rows(rows);
    page.problems(&image.damage);
    page.problems(&image.problems);
}

fn login_word(kind: LoginKind) -> &'static str {
    match kind {
        LoginKind::Iscsistart => "iscsistart",
        LoginKind::DracutIscsistart => "dracut with iscsistart",
        LoginKind::DracutIscsid => "dracut with iscsid and iscsiadm",
    }
}

fn network_word(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::Ipconfig => "klibc's ipconfig",
        NetworkKind::InitramfsDhclient => "initramfs-tools with dhcpcd or dhclient",
        NetworkKind::DracutLegacy => "dracut's network-legacy",
        NetworkKind::Networkd => "systemd-networkd",
        NetworkKind::NetworkManager => "NetworkManager",
        NetworkKind::IscsistartN => "iscsistart -N, with the iBFT's addresses",
    }
}

fn request_text(kind: &RequestKind) -> String {
    match kind {
        RequestKind::Firmware => "the iBFT's target".to_owned(),
        RequestKind::Target { name, portals, .. } => {
            let name = name.as_deref().unwrap_or("any target");
            if portals.is_empty() { name.to_owned() } else { format!("{name} at {}", list(portals)) }
        }
    }
}
