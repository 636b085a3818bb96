//! The steps of a run of `prepare`, in order.

use super::context::{Context, PrepareRequest};
use super::steps::build::Build;
use super::steps::check::Check;
use super::steps::files::Files;
use crate::procedures::engine::{Procedure, Walk};
use crate::procedures::{ErasedStep, Failure, Names};

/// Changes the files of a root, rebuilds what is made of them, and judges the root again.
#[derive(Debug)]
pub(crate) struct Prepare;

impl Procedure for Prepare {
    type Context = Context;
    type Request = PrepareRequest;
    type Outcome = ();

    const NAMES: Names = Names {
        name: "prepare",
        up: "isctpl prepare",
        down: "isctpl prepare --undo",
        status: "isctpl prepare --dry-run",
    };

    fn steps(&self) -> &[&dyn ErasedStep<Context>] {
        &[&Files, &Build, &Check]
    }

    fn forward(&self, walk: &mut Walk<'_, Context>) -> Result<(), Failure> {
        walk.step(&Files, &())?;
        walk.step(&Build, &())?;
        walk.step(&Check, &())
    }
}
