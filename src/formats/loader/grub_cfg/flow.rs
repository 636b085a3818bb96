//! Loops and functions (`grub-core/script/execute.c`).

use super::argument::{Argument, BY_A_PATTERN};
use super::evaluate::Evaluator;
use super::lexer::Word;
use super::status::{BAD_ARGUMENT, BAD_NUMBER, Flow, INVALID_COMMAND, Status};
use super::syntax::Statement;
use std::rc::Rc;

impl Evaluator<'_> {
    /// `for`: each argument in turn.
    pub(super) fn counted(&mut self, name: &str, words: &[Word], body: &[Statement], line: u32) -> Status {
        let arguments = self.arguments(words);
        if arguments.iter().any(|argument| argument.inexact) {
            self.leave_out_at(line, format!("loops over {BY_A_PATTERN}"));
        }
        let outer = self.uncertain;
        let mut status = Some(0);
        self.loops += 1;
        for argument in arguments {
            let because = format!("for {name} in …");
            let value = argument.known().map(str::to_owned);
            self.variables.set(name, value, because, Some(self.place(line)));
            status = self.round(body);
            if self.flow != Flow::Next {
                break;
            }
        }
        self.behind_loop(outer);
        status
    }

    /// `while` and `until`. Where only the machine knows for how long, the body is looked at once, and what it leaves
    /// behind is not known.
    pub(super) fn repeated(&mut self, until: bool, condition: &[Statement], body: &[Statement], line: u32) -> Status {
        let outer = self.uncertain;
        let mut status;
        self.loops += 1;
        loop {
            status = self.block(condition);
            self.status = status;
            match status {
                _ if self.flow != Flow::Next || self.stopped => break,
                None => {
                    self.leave_out_at(line, "loops for as long as a condition with an unknown result holds");
                    status = self.fork(|run| run.round(body), |_| None);
                    break;
                }
                Some(number) if (number == 0) == until => break,
                Some(_) => {}
            }
            status = self.round(body);
            if self.flow != Flow::Next || !self.spend(1) {
                break;
            }
        }
        self.behind_loop(outer);
        status
    }

    /// The body of a loop, once; the way goes on behind it with the next round, or it does not.
    fn round(&mut self, body: &[Statement]) -> Status {
        let status = self.block(body);
        if self.flow == Flow::Continue(1) {
            self.flow = Flow::Next;
        }
        self.rejoin(|flow| *flow == Flow::Continue(1));
        status
    }

    /// Leaves a loop: who breaks out of one is behind it, who breaks out of more has one less to go.
    fn behind_loop(&mut self, outer: bool) {
        self.loops -= 1;
        let inner = |flow: &mut Flow| match *flow {
            Flow::Break(1) => *flow = Flow::Next,
            Flow::Break(count) => *flow = Flow::Break(count - 1),
            Flow::Continue(count) if count > 1 => *flow = Flow::Continue(count - 1),
            _ => {}
        };
        inner(&mut self.flow);
        self.parted.iter_mut().for_each(|(flow, _)| inner(flow));
        self.rejoin(|flow| *flow == Flow::Next);
        self.uncertain = outer || !self.parted.is_empty();
    }

    /// Joins those who parted and are here again.
    pub(super) fn rejoin(&mut self, is_here: impl Fn(&Flow) -> bool) {
        let (here, away) = std::mem::take(&mut self.parted).into_iter().partition(|(flow, _)| is_here(flow));
        self.parted = away;
        let here: Vec<_> = here;
        for (_, state) in here {
            match self.flow {
                Flow::Next => self.join(state),
                // Who came last went elsewhere; only those who parted before are here.
                flow => {
                    let elsewhere = self.exchange(state);
                    self.parted.push((flow, elsewhere));
                    self.flow = Flow::Next;
                }
            }
        }
    }

    /// Calls a function with arguments of its own.
    pub(super) fn call(&mut self, body: &Rc<[Statement]>, arguments: Vec<Argument>) -> Status {
        let scope = self.scope.replace(arguments.into());
        let loops = std::mem::take(&mut self.loops);
        let outer = self.uncertain;
        let outer_body = std::mem::replace(&mut self.in_function, true);
        let status = self.block(body);
        if self.flow == Flow::Return {
            self.flow = Flow::Next;
        }
        self.rejoin(|flow| *flow == Flow::Return);
        self.in_function = outer_body;
        self.uncertain = outer || !self.parted.is_empty();
        self.loops = loops;
        self.scope = scope;
        status
    }

    /// `break` and `continue`; more loops than there are count as all of them, and none is left where none runs.
    pub(super) fn leave_loops(&mut self, name: &str, arguments: &[Argument], line: u32) -> Status {
        let count = match arguments {
            [] => 1,
            [count] => match count.known().map(str::parse) {
                Some(Ok(0)) => return Some(BAD_ARGUMENT),
                Some(Ok(count)) => count,
                Some(Err(_)) => return Some(BAD_NUMBER),
                None => {
                    self.leave_out_at(line, "leaves as many loops as a variable with an unknown value says");
                    return None;
                }
            },
            _ => return Some(BAD_ARGUMENT),
        };
        match self.loops.min(count) {
            0 => {}
            count if name == "break" => self.flow = Flow::Break(count),
            count => self.flow = Flow::Continue(count),
        }
        Some(0)
    }

    /// `return`, with the status of the command before it where no other is given.
    pub(super) fn leave_function(&mut self, arguments: &[Argument], line: u32) -> Status {
        if self.scope.is_none() || arguments.len() > 1 {
            return Some(BAD_ARGUMENT);
        }
        let status = match arguments.first().map(Argument::known) {
            None => self.status,
            Some(None) => None,
            Some(Some(number)) => match number.parse() {
                Ok(number) => Some(number),
                Err(_) => return Some(BAD_NUMBER),
            },
        };
        if !self.in_function {
            // GRUB goes on with the first command of each line behind it.
            self.leave_out_at(line, "returns where no function runs; what follows is not followed");
        }
        self.flow = Flow::Return;
        status
    }

    /// `shift`: the first parameters go away.
    pub(super) fn shift(&mut self, arguments: &[Argument], line: u32) -> Status {
        let Some(scope) = &self.scope else { return Some(0) };
        let count = match arguments {
            [] => 1,
            [count] => match count.known().map(str::parse::<usize>) {
                Some(Ok(count)) => count,
                Some(Err(_)) => return Some(BAD_ARGUMENT),
                None => {
                    self.leave_out_at(line, "shifts its parameters by an unknown number");
                    return None;
                }
            },
            _ => return Some(BAD_ARGUMENT),
        };
        match scope.get(count..) {
            Some(rest) => {
                self.scope = Some(rest.into());
                Some(0)
            }
            None => Some(BAD_ARGUMENT),
        }
    }

    /// `setparams`: other parameters take the place of those there are.
    pub(super) fn set_parameters(&mut self, arguments: Vec<Argument>) -> Status {
        if self.scope.is_none() {
            return Some(INVALID_COMMAND);
        }
        self.scope = Some(arguments.into());
        Some(0)
    }
}
