//! Where variables are visible: dynamic scopes.
//!
//! A function call and a command's own assignments each push a scope; a name means the
//! variable of the topmost scope that has it. There is one table, and each name carries its
//! shadowed variables with it, so that a look-up costs the same however deep the calls are.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::variable::{Attrs, Variable};

/// What a scope was pushed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ScopeKind {
    /// A function call: `local` declares here.
    Function,
    /// The assignments before a builtin.
    Temporary,
}

#[derive(Clone, Debug)]
struct Scope {
    kind: ScopeKind,
    /// The names that have a variable here; some may have lost it to `unset`.
    names: Vec<Box<[u8]>>,
}

/// How many scopes lie below: the global one has depth 0.
pub(crate) type Depth = u32;

/// All variables of all scopes. Cloning it is cheap: the table is shared until written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scopes {
    table: Arc<Table>,
    stack: Vec<Scope>,
    environ: Option<Arc<Vec<Vec<u8>>>>,
}

type Table = HashMap<Box<[u8]>, Slot, BuildHasherDefault<NameHasher>>;

/// The variables of one name, the visible one apart; `shadowed` by rising depth.
#[derive(Clone, Debug)]
struct Slot {
    depth: Depth,
    variable: Variable,
    shadowed: Vec<(Depth, Variable)>,
}

impl Scopes {
    /// The visible variable, whether it has a value or not.
    pub(crate) fn get(&self, name: &[u8]) -> Option<&Variable> {
        self.table.get(name).map(|slot| &slot.variable)
    }

    /// The visible variable, to be changed in place.
    pub(crate) fn get_mut(&mut self, name: &[u8]) -> Option<&mut Variable> {
        let variable = &mut Arc::make_mut(&mut self.table).get_mut(name)?.variable;
        if variable.has(Attrs::EXPORT) {
            self.environ = None;
        }
        Some(variable)
    }

    /// The depth of the visible variable.
    pub(crate) fn depth_of(&self, name: &[u8]) -> Option<Depth> {
        self.table.get(name).map(|slot| slot.depth)
    }

    /// The variable of exactly this scope.
    pub(crate) fn get_at(&self, depth: Depth, name: &[u8]) -> Option<&Variable> {
        let slot = self.table.get(name)?;
        if slot.depth == depth {
            return Some(&slot.variable);
        }
        slot.shadowed.iter().find(|(at, _)| *at == depth).map(|(_, variable)| variable)
    }

    /// Puts a variable into the scope of this depth, replacing the one it has there.
    pub(crate) fn insert_at(&mut self, depth: Depth, name: &[u8], variable: Variable) {
        self.environ = None;
        match Arc::make_mut(&mut self.table).entry(name.into()) {
            Entry::Vacant(entry) => {
                entry.insert(Slot { depth, variable, shadowed: Vec::new() });
            }
            Entry::Occupied(mut entry) => {
                let slot = entry.get_mut();
                if !slot.insert(depth, variable) {
                    return;
                }
            }
        }
        if let Some(scope) = depth.checked_sub(1).and_then(|i| self.stack.get_mut(i as usize)) {
            scope.names.push(name.into());
        }
    }

    /// Forgets the visible variable; the one it shadowed appears.
    pub(crate) fn remove(&mut self, name: &[u8]) -> Option<Variable> {
        let depth = self.depth_of(name)?;
        self.remove_at(depth, name)
    }

    /// Forgets the variable of exactly this scope.
    pub(crate) fn remove_at(&mut self, depth: Depth, name: &[u8]) -> Option<Variable> {
        self.environ = None;
        let table = Arc::make_mut(&mut self.table);
        let slot = table.get_mut(name)?;
        if slot.depth != depth {
            let at = slot.shadowed.iter().position(|(at, _)| *at == depth)?;
            return Some(slot.shadowed.remove(at).1);
        }
        match slot.shadowed.pop() {
            Some((depth, variable)) => {
                slot.depth = depth;
                Some(std::mem::replace(&mut slot.variable, variable))
            }
            None => table.remove(name).map(|slot| slot.variable),
        }
    }

    /// The depth of the topmost scope.
    pub(crate) fn depth(&self) -> Depth {
        self.stack.len() as Depth
    }

    /// The depth of the scope of the innermost running function; 0 outside all.
    pub(crate) fn function_depth(&self) -> Depth {
        let is_function = |scope: &Scope| scope.kind == ScopeKind::Function;
        self.stack.iter().rposition(is_function).map_or(0, |index| index as Depth + 1)
    }

    /// The depth of the innermost function's scope below another scope; 0 if there is none.
    pub(crate) fn function_depth_below(&self, depth: Depth) -> Depth {
        (1..depth).rev().find(|below| self.is_function(*below)).unwrap_or(0)
    }

    /// Whether a scope belongs to a function call.
    pub(crate) fn is_function(&self, depth: Depth) -> bool {
        let scope = depth.checked_sub(1).and_then(|index| self.stack.get(index as usize));
        scope.is_some_and(|scope| scope.kind == ScopeKind::Function)
    }

    pub(crate) fn push(&mut self, kind: ScopeKind) {
        self.stack.push(Scope { kind, names: Vec::new() });
    }

    /// Drops the topmost scope with its variables; tells their names.
    pub(crate) fn pop(&mut self) -> Vec<Box<[u8]>> {
        let depth = self.depth();
        let Some(scope) = self.stack.pop() else { return Vec::new() };
        for name in &scope.names {
            if self.get_at(depth, name).is_some() {
                self.remove_at(depth, name);
            }
        }
        scope.names
    }

    /// What the topmost scope was pushed for.
    pub(crate) fn top_kind(&self) -> ScopeKind {
        self.stack.last().map_or(ScopeKind::Temporary, |scope| scope.kind)
    }

    /// The variables of the topmost scope.
    pub(crate) fn top(&self) -> Vec<(Box<[u8]>, Variable)> {
        let depth = self.depth();
        let names = self.stack.last().map(|scope| scope.names.clone()).unwrap_or_default();
        let here = |name: Box<[u8]>| {
            let variable = self.get_at(depth, &name).cloned()?;
            Some((name, variable))
        };
        names.into_iter().filter_map(here).collect()
    }

    /// All variables of all scopes, in no particular order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&[u8], &Variable)> {
        self.table.iter().flat_map(|(name, slot)| {
            let shadowed = slot.shadowed.iter().map(|(_, variable)| variable);
            shadowed.chain([&slot.variable]).map(|variable| (&**name, variable))
        })
    }

    /// The visible variables, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &Variable)> {
        self.table.iter().map(|(name, slot)| (&**name, &slot.variable))
    }

    /// The visible variables, by name.
    pub(crate) fn sorted(&self) -> Vec<(&[u8], &Variable)> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// The names of the variables of the innermost function's scope, sorted.
    pub(crate) fn local_names(&self) -> Vec<&[u8]> {
        let depth = self.function_depth();
        let Some(scope) = depth.checked_sub(1).and_then(|i| self.stack.get(i as usize)) else {
            return Vec::new();
        };
        let here = scope.names.iter().map(|name| &**name);
        let mut names: Vec<&[u8]> = here.filter(|n| self.get_at(depth, n).is_some()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// `NAME=value` of each exported variable, by name; made anew only after a change.
    pub(crate) fn environ(&mut self) -> Arc<Vec<Vec<u8>>> {
        if let Some(environ) = &self.environ {
            return Arc::clone(environ);
        }
        let exported = |variable: &Variable| variable.has(Attrs::EXPORT) && !variable.is_array();
        let mut entries = Vec::new();
        for (name, variable) in self.iter().filter(|(_, variable)| exported(variable)) {
            if let Some(value) = variable.as_scalar() {
                entries.push([name, b"=", value].concat());
            }
        }
        entries.sort_unstable();
        let entries = Arc::new(entries);
        self.environ = Some(Arc::clone(&entries));
        entries
    }
}

impl Slot {
    /// Whether the scope had no variable of this name before.
    fn insert(&mut self, depth: Depth, variable: Variable) -> bool {
        if depth == self.depth {
            self.variable = variable;
            return false;
        }
        if depth > self.depth {
            let below = std::mem::replace(&mut self.variable, variable);
            self.shadowed.push((self.depth, below));
            self.depth = depth;
            return true;
        }
        match self.shadowed.binary_search_by_key(&depth, |(at, _)| *at) {
            Ok(index) => {
                if let Some(entry) = self.shadowed.get_mut(index) {
                    entry.1 = variable;
                }
                false
            }
            Err(index) => {
                self.shadowed.insert(index, (depth, variable));
                true
            }
        }
    }
}

/// A quick hash of short names, the same in every run.
#[derive(Default)]
pub(crate) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        // The multiplier is 2^64 divided by the golden ratio.
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(scopes: &Scopes) -> Option<&[u8]> {
        scopes.get(b"x").and_then(Variable::as_scalar)
    }

    #[test]
    fn a_scope_shadows_and_reveals() {
        let mut scopes = Scopes::default();
        scopes.insert_at(0, b"x", Variable::scalar("global", Attrs::NONE));
        scopes.push(ScopeKind::Function);
        scopes.push(ScopeKind::Temporary);
        scopes.insert_at(2, b"x", Variable::scalar("temporary", Attrs::NONE));
        scopes.insert_at(1, b"x", Variable::scalar("local", Attrs::NONE));
        assert_eq!(value(&scopes), Some(&b"temporary"[..]));
        scopes.pop();
        assert_eq!(value(&scopes), Some(&b"local"[..]));
        assert_eq!(scopes.local_names(), [b"x"]);
        scopes.pop();
        assert_eq!(value(&scopes), Some(&b"global"[..]));
    }

    #[test]
    fn the_environment_follows_changes() {
        let mut scopes = Scopes::default();
        scopes.insert_at(0, b"x", Variable::scalar("1", Attrs::EXPORT));
        assert_eq!(*scopes.environ(), [b"x=1"]);
        if let Some(variable) = scopes.get_mut(b"x") {
            *variable = Variable::scalar("2", Attrs::EXPORT);
        }
        assert_eq!(*scopes.environ(), [b"x=2"]);
        scopes.remove(b"x");
        assert!(scopes.environ().is_empty());
    }
}
