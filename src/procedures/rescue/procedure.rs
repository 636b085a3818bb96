//! The steps of a rescue, and what each hands on.

use crate::procedures::engine::{Procedure, Walk};
use crate::procedures::journal::Journal;
use crate::procedures::rescue::context::{Context, RescueRequest, Rescued};
use crate::procedures::rescue::host::{holders, session};
use crate::procedures::rescue::recovery;
use crate::procedures::rescue::steps::{
    activate_volumes::ActivateVolumes, bind_kernel_filesystems::BindKernelFilesystems, chap::Chap, find_lun::FindLun,
    initiator_name::InitiatorName, interface_record::InterfaceRecord, iscsid::Iscsid, login::Login,
    mount_fstab::MountFstab, mount_root::MountRoot, network::Network, node_record::NodeRecord,
    requirements::Requirements, resolv_conf::ResolvConf,
};
use crate::procedures::{ErasedStep, Failure, Names};

/// Mounts an instance's root from its LUN, or only logs in to that.
pub(crate) struct Rescue {
    steps: &'static [&'static dyn ErasedStep<Context>],
}

impl Rescue {
    /// All of it: whatever an earlier run has done, these steps know how to put it back.
    pub(crate) const WHOLE: &Self = &Self { steps: &STEPS };

    /// As far as the disk: nothing behind that is looked at.
    const LOGIN: &Self = &Self { steps: TO_DISK };

    /// What a request takes.
    pub(crate) fn of(request: &RescueRequest) -> &'static Self {
        if request.login_only { Self::LOGIN } else { Self::WHOLE }
    }
}

const STEPS: [&dyn ErasedStep<Context>; 14] = [
    &Requirements,
    &Network,
    &InitiatorName,
    &Chap,
    &Iscsid,
    &InterfaceRecord,
    &NodeRecord,
    &Login,
    &FindLun,
    &ActivateVolumes,
    &MountRoot,
    &MountFstab,
    &BindKernelFilesystems,
    &ResolvConf,
];

const TO_DISK: &[&dyn ErasedStep<Context>] = STEPS.split_at(9).0;

impl Procedure for Rescue {
    type Context = Context;
    type Request = RescueRequest;
    type Outcome = Rescued;

    const NAMES: Names =
        Names { name: "rescue", up: "isctpl rescue up", down: "isctpl rescue down", status: "isctpl rescue status" };

    fn steps(&self) -> &[&dyn ErasedStep<Context>] {
        self.steps
    }

    fn forward(&self, walk: &mut Walk<'_, Context>) -> Result<Rescued, Failure> {
        if walk.is_first() {
            // What has our names is of a rescue that a restart ended.
            for what in recovery::clean_up_stale(walk.context)? {
                walk.context.remark(format!("left from an earlier rescue: {what}"));
            }
        }
        // A session that is there already, by an earlier run or by somebody else, needs none of what makes one.
        let session = session::find(walk.context, &walk.changes_of(&Login)?)?;
        walk.step(&Requirements, &())?;
        walk.step(&Network, &())?;
        walk.step(&InitiatorName, &session)?;
        walk.step(&Chap, &session)?;
        walk.step(&Iscsid, &session)?;
        walk.step(&InterfaceRecord, &session)?;
        walk.step(&NodeRecord, &session)?;
        let session = walk.step(&Login, &())?;
        let disk = walk.step(&FindLun, &session)?;
        if walk.context.request.login_only {
            return Ok(Rescued { disk: disk.device, root: None });
        }
        let contents = walk.step(&ActivateVolumes, &disk)?;
        let root = walk.step(&MountRoot, &contents)?;
        let mounted = (root, contents);
        walk.step(&MountFstab, &mounted)?;
        walk.step(&BindKernelFilesystems, &())?;
        walk.step(&ResolvConf, &())?;
        Ok(Rescued { disk: disk.device, root: Some(mounted.0) })
    }

    fn clean_up_stale(&self, cx: &mut Context) -> Result<Vec<String>, Failure> {
        recovery::clean_up_stale(cx)
    }

    fn may_be_taken_down(&self, cx: &mut Context, journal: &Journal) -> Result<(), Failure> {
        let (Some(session), Some(disk)) = recovery::recall(cx, journal)? else { return Ok(()) };
        let holders = holders::before_unmounting(cx, &disk.name, &session);
        if holders.is_empty() {
            return Ok(());
        }
        let mut failure = Failure::refused("the LUN is in use; nothing was changed. End this first:");
        failure.advice = holders;
        Err(failure)
    }
}
