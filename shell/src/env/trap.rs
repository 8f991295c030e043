//! The traps: what runs on a signal or an event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::Signal;

/// What a trap is set for. The order is that of `trap -p`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum TrapEvent {
    /// `EXIT` or 0
    Exit,
    /// A signal, by its number.
    Signal(u8),
    /// `DEBUG`
    Debug,
    /// `ERR`
    Err,
    /// `RETURN`
    Return,
}

impl TrapEvent {
    /// The event of a signal.
    pub(crate) fn signal(signal: Signal) -> TrapEvent {
        TrapEvent::Signal(signal.number())
    }
}

/// What a trap does; empty text ignores the signal.
pub(crate) type TrapAction = Arc<[u8]>;

/// The traps that are set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traps {
    actions: BTreeMap<TrapEvent, TrapAction>,
    /// Shown by `trap` in a subshell although they are no longer in force.
    inherited: BTreeMap<TrapEvent, TrapAction>,
    /// Ignored when the shell started: they stay it (POSIX XCU 2.15, `trap`).
    fixed: BTreeSet<TrapEvent>,
}

impl Traps {
    /// The action, if one is set.
    pub(crate) fn get(&self, event: TrapEvent) -> Option<&TrapAction> {
        self.actions.get(&event)
    }

    /// Keeps a signal ignored that is ignored as the shell starts.
    pub(crate) fn fix(&mut self, event: TrapEvent) {
        self.actions.insert(event, TrapAction::default());
        self.fixed.insert(event);
    }

    /// Whether nothing can be set for the signal.
    pub(crate) fn is_fixed(&self, event: TrapEvent) -> bool {
        self.fixed.contains(&event)
    }

    pub(crate) fn set(&mut self, event: TrapEvent, action: &[u8]) {
        self.inherited.clear();
        self.actions.insert(event, action.into());
    }

    pub(crate) fn reset(&mut self, event: TrapEvent) {
        self.inherited.clear();
        self.actions.remove(&event);
    }

    /// What a subshell starts with: ignored signals stay ignored, the others are reset, but
    /// `trap` still shows them until one is changed (POSIX: `saved=$(trap)`).
    #[must_use]
    pub(crate) fn for_subshell(&self, keep: impl Fn(TrapEvent) -> bool) -> Traps {
        let kept = |event: TrapEvent, action: &TrapAction| {
            keep(event) || (action.is_empty() && matches!(event, TrapEvent::Signal(_)))
        };
        let (actions, gone): (BTreeMap<_, _>, BTreeMap<_, _>) = self
            .actions
            .iter()
            .map(|(event, action)| (*event, Arc::clone(action)))
            .partition(|(event, action)| kept(*event, action));
        let inherited = if gone.is_empty() { self.inherited.clone() } else { gone };
        Traps { actions, inherited, fixed: self.fixed.clone() }
    }

    /// What `trap -p` shows.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (TrapEvent, &[u8])> {
        let mut all: BTreeMap<TrapEvent, &[u8]> = BTreeMap::new();
        for (event, action) in self.inherited.iter().chain(&self.actions) {
            all.insert(*event, action);
        }
        all.into_iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}
