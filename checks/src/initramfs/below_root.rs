//! What the checks of the layers below the root have in common.

use crate::{Analysis, Evidence, Finding, Outcome};

/// Judges each device of a layer. What is broken of one is told whatever is doubtful of another.
pub(super) fn each<T>(devices: &[T], judge: impl Fn(&T) -> Result<Outcome, Outcome>) -> Result<Outcome, Outcome> {
    let (mut findings, mut passes, mut doubt) = (Vec::new(), Vec::new(), None);
    for device in devices {
        match judge(device).unwrap_or_else(|ended| ended) {
            Outcome::Fail(found) => findings.extend(found),
            Outcome::Pass(why) => passes.push(why),
            other => doubt = doubt.or(Some(other)),
        }
    }
    match doubt.filter(|_| findings.is_empty()) {
        Some(doubt) => Err(doubt),
        None => Ok(Outcome::from_findings(findings, || passes.join("; "))),
    }
}

/// What the image lacks of these modules and of those that they stand on, as a finding that `broken` begins with a
/// reason; `None` where it has all.
///
/// # Errors
/// What a check has to say where that cannot be told.
pub(super) fn lacking(
    facts: &Analysis<'_>,
    modules: &[&str],
    broken: impl FnOnce(String) -> Finding,
) -> Result<Option<Finding>, Outcome> {
    if modules.is_empty() {
        return Ok(None);
    }
    let (image, kernel) = facts.image_and_kernel()?;
    let mut missing: Vec<&str> = Vec::new();
    for module in modules {
        let lacking = kernel.missing_in(image, module)?;
        missing.extend(lacking.into_iter().filter(|name| !missing.contains(name)).collect::<Vec<_>>());
    }
    if missing.is_empty() {
        return Ok(None);
    }
    let names = missing.join(", ");
    let finding = broken(format!("{} lacks {names}", image.path))
        .evidence(Evidence::new(&image.path, format!("no module {names}")))
        .evidences(facts.omitting(&missing))
        .remedy(facts.rebuild_with(image, &missing, "Add the modules to the initramfs, and rebuild it."));
    Ok(Some(finding))
}
