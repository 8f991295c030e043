//! `coproc [NAME] command`

use std::sync::Arc;

use kernel::{FdAction, ForkAttrs};

use super::Outcome;
use super::job::JobState;
use crate::env::{Indexed, Mode};
use crate::shell::Shell;
use crate::syntax::ast::Coproc;
use crate::sys::Fd;

impl Shell {
    /// Starts the command with pipes at both ends; their descriptors go into the array.
    pub(super) async fn run_coproc(&mut self, coproc: &Coproc) -> Outcome {
        self.env.line = coproc.span.line;
        let name = coproc.name.as_deref().unwrap_or(b"COPROC");
        let (from_child, child_out) = self.pipe()?;
        let (child_in, to_child) = self.pipe()?;
        let mut actions =
            vec![FdAction::Dup2(child_in, Fd::STDIN), FdAction::Dup2(child_out, Fd::STDOUT)];
        let all = [from_child, child_out, child_in, to_child];
        actions.extend(all.map(FdAction::Close));
        let attrs = ForkAttrs { pgid: None, actions };
        let started = self.fork_command(Arc::clone(&coproc.body), attrs);
        let _ = self.sys.close(child_out);
        let _ = self.sys.close(child_in);
        let pid = started?;
        let mut numbers = Vec::new();
        for fd in [from_child, to_child] {
            let high = self
                .sys
                .with(|kernel, pid| kernel.dup_min(pid, fd, Fd(60), kernel::CloseOnExec::Yes));
            let _ = self.sys.close(fd);
            numbers.push(high.unwrap_or(fd).0.to_string().into_bytes());
        }
        let text = [b"coproc ", name].concat();
        self.jobs.add(vec![pid], None, text, JobState::Running);
        self.env.last_background = Some(pid.0);
        self.jobs.coprocs.push((pid, name.to_vec()));
        let assigned =
            self.env.assign_indexed(name, Indexed::from_values(numbers)).and_then(|()| {
                let pid_name = [name, b"_PID"].concat();
                self.env.assign(&pid_name, pid.0.to_string().into_bytes(), Mode::Set)
            });
        self.env.status = 0;
        if let Err(error) = assigned {
            self.complain(error.message());
            self.env.status = 1;
        }
        Ok(())
    }
}
