//! Something that is asked for while the image runs, and what in the image or the kernel answers.

use crate::facts::{Fact, Initramfs, Kernel, ModuleIndex};
use crate::{Evidence, Outcome};
use std::collections::BTreeSet;

/// What somebody asks the kernel to load.
#[derive(Debug)]
pub(super) struct Need {
    /// Who asks.
    pub by: String,
    /// The word with which the kernel asks modprobe, or a module's name.
    pub request: String,
    /// What does not come up without it.
    pub breaks: String,
    /// What shows that it is asked for.
    pub evidence: Vec<Evidence>,
    /// Why it is not known whether it is asked for on this machine.
    pub doubt: Option<String>,
}

/// What answers a need.
#[derive(Debug)]
pub(super) enum Answer<'k> {
    /// It is compiled into the kernel, or in the image where modprobe finds it.
    Held(String),
    /// These modules, by themselves or with others that they depend on, are not in the image.
    Lacks(Vec<&'k str>),
    /// The module is in the image, and modprobe does not find it by what is asked for; where it looks.
    Unfound(&'k str, String),
}

/// Names of what is compiled into kernels that list no alias of it: those before 5.2 have no `modules.builtin.modinfo`.
fn usual_modules(request: &str) -> &'static [&'static str] {
    match request {
        "crypto-crc32c" => &["crc32c_generic"],
        "crypto-crc32" => &["crc32_generic"],
        "crypto-xxhash64" => &["xxhash_generic"],
        "crypto-sha256" => &["sha256_generic"],
        "crypto-blake2b-256" => &["blake2b_generic"],
        "crypto-aes" => &["aes_generic"],
        "crypto-cbc" => &["cbc"],
        "crypto-ecb" => &["ecb"],
        "crypto-xts" => &["xts"],
        "net-pf-10" => &["ipv6"],
        "net-pf-17" => &["af_packet"],
        _ => &[],
    }
}

/// Whether every processor of the kernel's kind runs a module: those of `arch/` and `drivers/crypto/` look for theirs.
pub(super) fn is_of_any_processor(kernel: &Kernel, module: &str) -> bool {
    let path = kernel.modules.get(module).map_or("", |module| module.path.as_str());
    !path.contains("/arch/") && !path.contains("/drivers/crypto/")
}

/// What answers a need.
///
/// # Errors
/// The outcome to return where that cannot be told.
pub(super) fn answer<'k>(image: &Initramfs, kernel: &'k Kernel, need: &Need) -> Result<Answer<'k>, Outcome> {
    let request = need.request.as_str();
    let known = kernel.requests.known().and_then(|requests| requests.get(request));
    let answers = known.map_or(&[][..], Vec::as_slice);
    let usual = usual_modules(request).iter().copied();
    let of_any_processor = |module: &str| is_of_any_processor(kernel, module);
    let mut builtin = answers.iter().map(String::as_str).chain(usual);
    if let Some(module) = builtin.find(|module| kernel.is_builtin(module) == Some(true) && of_any_processor(module)) {
        return Ok(Answer::Held(format!("{module} (built in)")));
    }
    kernel.requests.needed()?;
    if answers.is_empty() {
        return Err(match kernel.unread_modules() {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::unknown(format!(
                "{} asks for {request}, which no module of {} answers: it is not known whether the kernel has it",
                need.by,
                kernel.name()
            )),
        });
    }
    let mut lacks: BTreeSet<&str> = BTreeSet::new();
    let (mut unfound, mut of_some_processors) = (None, None);
    for module in answers {
        let lacking = kernel.missing_in(image, module)?;
        if !lacking.is_empty() {
            if of_any_processor(module) {
                lacks.extend(lacking);
            }
        } else if !finds(image, kernel, request, module)? {
            unfound = unfound.filter(|_| !of_any_processor(module)).or(Some(module));
        } else if of_any_processor(module) {
            return Ok(Answer::Held(module.clone()));
        } else {
            of_some_processors = of_some_processors.or(Some(module));
        }
    }
    if let Some(module) = of_some_processors {
        return Err(Outcome::unknown(format!(
            "{} asks for {request}: of what answers that, {} has {module} alone, which not every processor can run",
            need.by, image.path
        )));
    }
    if let Some(module) = unfound {
        let at = index(image, kernel).and_then(Fact::known).and_then(|index| index.aliases_at.clone());
        return Ok(Answer::Unfound(module, at.unwrap_or_else(|| image.path.clone())));
    }
    // All that answers runs on some processors only.
    if lacks.is_empty() {
        lacks.extend(answers.iter().map(String::as_str));
    }
    Ok(Answer::Lacks(lacks.into_iter().collect()))
}

/// What modprobe finds in the image for this kernel; `None` in a snapshot of an earlier version.
fn index<'i>(image: &'i Initramfs, kernel: &Kernel) -> Option<&'i Fact<ModuleIndex>> {
    image.module_indexes.get(kernel.version.known()?)
}

/// Whether a module that is in the image is found there when the kernel asks.
fn finds(image: &Initramfs, kernel: &Kernel, request: &str, module: &str) -> Result<bool, Outcome> {
    // What is listed is loaded before anybody asks, and what goes by its name has aliases of its own.
    if image.modules_listed.contains(module) || request == module {
        return Ok(true);
    }
    let index = match index(image, kernel) {
        None | Some(Fact::NotApplicable(_)) => return Ok(true),
        Some(Fact::Unknown(problem)) => return Err(Outcome::unread(problem)),
        Some(Fact::Known(index)) => index,
    };
    if index.program.is_none() {
        image.whole()?;
        let reason = format!("{} has no /sbin/modprobe, by which the kernel loads what is asked for", image.path);
        return Err(Outcome::unknown(reason));
    }
    Ok(index.requests.get(request).is_some_and(|modules| modules.iter().any(|found| found == module)))
}
