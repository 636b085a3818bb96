//! Whether a machine that is rebooted now comes back by itself.

use super::{BootVerdict, Judgement};
use crate::{Link, LinkStatus, registry};

/// What a reboot would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reboot {
    /// It comes back.
    ComesBack,
    /// It does not: it stops on the way down, does not reach its root, or does not come up on it. The checks that say so,
    /// in the order of the chain, each with its finding in a sentence.
    StaysAway(Vec<(&'static str, String)>),
    /// That is not known, and why.
    Unknown(String),
}

impl Judgement {
    /// What a reboot would come to. What breaks the link uptime is not asked, nor what of it is not known: that is how the
    /// machine stands now, and a reboot may be its cure.
    pub fn reboot(&self) -> Reboot {
        let link = |id: &str| registry::find(id).map(|check| check.link);
        let counts = |id: &str| link(id).is_some_and(|link| link != Link::Uptime && Link::CHAIN.contains(&link));
        let breaks: Vec<_> = self.breaks.iter().filter(|(id, _)| counts(id)).cloned().collect();
        if !breaks.is_empty() {
            return Reboot::StaysAway(breaks);
        }
        let open = |link: &&super::ChainLink| link.link != Link::Uptime && link.status == LinkStatus::Unknown;
        if let Some(link) = self.chain.iter().find(open) {
            return Reboot::Unknown(format!("{}: {}", link.link, link.summary));
        }
        let of_uptime = !self.verdict.checks.is_empty() && !self.verdict.checks.iter().any(|id| counts(id));
        match self.verdict.boot {
            BootVerdict::Unknown if !of_uptime => Reboot::Unknown(self.verdict.because.clone()),
            _ => Reboot::ComesBack,
        }
    }
}
