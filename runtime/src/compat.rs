//! The working directory of the published Agent OS commands.
//!
//! They were linked with a libc that takes relative paths for ones from the root, and whose
//! `getcwd` answers `/`: no call tells them where they are. Two places in each module are known
//! by their bytes, once each, and that is what is relied on; in a module where they are not found
//! exactly once nothing is changed.
//!
//! - The loop that skips a path's leading slashes is made a call of `fd_prestat_get(path, -1)`,
//!   which `syscalls` answers with the path from the root.
//! - The variable that points to the text of the working directory is pointed at a copy of the
//!   kernel's, in a page that the process gets for that.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::module::Source;
use syscalls::WasiState;
use wasmparser::{DataKind, Operator, Parser, Payload, TypeRef};

/// What a module needs when it is instantiated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Compat {
    /// Where its libc keeps the address of the working directory.
    pub(crate) cwd_variable: Option<u32>,
    /// Its libc asks for paths from the root.
    pub(crate) asks_for_paths: bool,
}

/// Bytes at the start of the extra page for the working directory; paths follow.
pub(crate) const CWD_BYTES: u32 = 8192;

const _: () = assert!(CWD_BYTES + WasiState::SCRATCH <= 65536, "one page is enough");

/// What is looked for in a module.
#[derive(Default)]
struct Layout<'a> {
    /// Whether it imports the extension ABI.
    is_published: bool,
    /// Number of functions imported so far, and that of `fd_prestat_get`.
    imported: u32,
    prestat: Option<u32>,
    code: core::ops::Range<usize>,
    /// Initialised memory: address and bytes.
    data: Vec<(u32, &'a [u8])>,
}

/// The module as it is to be compiled, and what it needs. It is adapted if it imports the
/// extension ABI or comes with a package whose commands do; in other programs the same bytes may
/// stand for something else. What is no valid module stays as it is.
pub(crate) fn adapt(bytes: &[u8], source: Source) -> (Cow<'_, [u8]>, Compat) {
    let unchanged = (Cow::Borrowed(bytes), Compat::default());
    let Some(layout) =
        layout(bytes).filter(|layout| source == Source::Package || layout.is_published)
    else {
        return unchanged;
    };
    let Some(code) = bytes.get(layout.code.clone()) else { return unchanged };
    let cwd_variable = cwd_variable(code, &layout.data);
    let Some((at, patch)) = layout.prestat.and_then(|prestat| slash_loop(code, prestat)) else {
        return (Cow::Borrowed(bytes), Compat { cwd_variable, asks_for_paths: false });
    };
    let mut adapted = bytes.to_vec();
    let start = layout.code.start + at;
    if let Some(place) = adapted.get_mut(start..start + patch.len()) {
        place.copy_from_slice(&patch);
    }
    (Cow::Owned(adapted), Compat { cwd_variable, asks_for_paths: true })
}

fn layout(bytes: &[u8]) -> Option<Layout<'_>> {
    let mut layout = Layout::default();
    let mut own = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ImportSection(imports) => {
                for import in imports {
                    let import = import.ok()?;
                    own |= import.module == "agentos";
                    layout.is_published |=
                        matches!(import.module, "host_process" | "host_fs" | "host_user");
                    if matches!(import.ty, TypeRef::Func(_)) {
                        if import.name == "fd_prestat_get" {
                            layout.prestat = Some(layout.imported);
                        }
                        layout.imported += 1;
                    }
                }
            }
            Payload::CodeSectionStart { range, .. } => layout.code = range,
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment.ok()?;
                    if let DataKind::Active { offset_expr, .. } = segment.kind
                        && let Ok(Operator::I32Const { value }) =
                            offset_expr.get_operators_reader().read()
                    {
                        layout.data.push((value.cast_unsigned(), segment.data));
                    }
                }
            }
            _ => {}
        }
    }
    // Our own commands ask the kernel.
    if own { None } else { Some(layout) }
}

/// Initialised memory at an address.
fn data_at<'a>(data: &[(u32, &'a [u8])], at: u32, len: usize) -> Option<&'a [u8]> {
    data.iter().find_map(|(start, bytes)| {
        let from = usize::try_from(at.checked_sub(*start)?).ok()?;
        bytes.get(from..from.checked_add(len)?)
    })
}

/// A signed LEB128 number of 32 bits at the start of `bytes`, and how long it is.
fn sleb128(bytes: &[u8]) -> Option<(i32, usize)> {
    let mut value: i64 = 0;
    for (i, byte) in bytes.iter().take(5).enumerate() {
        value |= i64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let bits = 7 * (i + 1);
            let value = if byte & 0x40 != 0 { value - (1 << bits) } else { value };
            return Some((i32::try_from(value).ok()?, i + 1));
        }
    }
    None
}

/// The one address that is loaded from (`i32.const A; i32.load`) and at which initialised memory
/// has a pointer to the string `/`.
fn cwd_variable(code: &[u8], data: &[(u32, &[u8])]) -> Option<u32> {
    /// `i32.load align=4 offset=0`.
    const LOAD: &[u8] = &[0x28, 0x02, 0x00];
    const I32_CONST: u8 = 0x41;
    let mut found = BTreeSet::new();
    for (i, _) in code.iter().enumerate().filter(|(_, byte)| **byte == I32_CONST) {
        let rest = code.get(i + 1..).unwrap_or_default();
        let Some((address, len)) = sleb128(rest) else { continue };
        if !rest.get(len..).is_some_and(|rest| rest.starts_with(LOAD)) || address % 4 != 0 {
            continue;
        }
        let address = address.cast_unsigned();
        let pointer =
            data_at(data, address, 4).and_then(|b| Some(u32::from_le_bytes(b.try_into().ok()?)));
        if pointer.is_some_and(|to| to > 1024 && data_at(data, to, 2) == Some(b"/\0")) {
            found.insert(address);
        }
    }
    if found.len() == 1 { found.first().copied() } else { None }
}

/// Where the loop that skips slashes is, and what takes its place: as many bytes.
fn slash_loop(code: &[u8], prestat: u32) -> Option<(usize, [u8; 18])> {
    // loop (i32); local.get X; i32.const 1; i32.add; local.tee X; i32.load8_u; i32.const '/';
    // i32.eq; br_if 0; end. X is one before the path at first, and at its end where it goes on.
    let is_loop = |w: &[u8]| matches!(w, [0x03, 0x40, 0x20, x, 0x41, 0x01, 0x6a, 0x22, y, 0x2d, 0, 0, 0x41, 0x2f, 0x46, 0x0d, 0, 0x0b] if x == y && *x < 0x80);
    let mut places = code.windows(18).enumerate().filter(|(_, window)| is_loop(window));
    let (at, window) = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let x = *window.get(3)?;
    let prestat = u8::try_from(prestat).ok().filter(|index| *index < 0x80)?;
    // local.get X; i32.const 1; i32.add; i32.const -1; call prestat; local.set X; nop ...
    let mut patch = [0x01; 18];
    let call = [0x20, x, 0x41, 0x01, 0x6a, 0x41, 0x7f, 0x10, prestat, 0x21, x];
    patch.get_mut(..call.len())?.copy_from_slice(&call);
    Some((at, patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_binary_format_has_them() {
        assert_eq!(sleb128(&[0x7f]), Some((-1, 1)));
        assert_eq!(sleb128(&[0x80, 0x80, 0xc0, 0x00, 0x99]), Some((1_048_576, 4)));
        assert_eq!(sleb128(&[0x80]), None);
    }

    #[test]
    fn what_is_no_module_stays_as_it_is() {
        let (bytes, compat) = adapt(b"\0asm\x01\0\0\0rubbish", Source::Package);
        assert_eq!((&*bytes, compat), (&b"\0asm\x01\0\0\0rubbish"[..], Compat::default()));
    }

    #[test]
    fn a_loop_that_is_there_twice_stays() {
        let one = [
            0x03, 0x40, 0x20, 5, 0x41, 0x01, 0x6a, 0x22, 5, 0x2d, 0, 0, 0x41, 0x2f, 0x46, 0x0d, 0,
            0x0b,
        ];
        let (at, patch) = slash_loop(&one, 9).unwrap_or_default();
        assert_eq!(
            (at, &patch[..11]),
            (0, &[0x20, 5, 0x41, 1, 0x6a, 0x41, 0x7f, 0x10, 9, 0x21, 5][..])
        );
        assert_eq!(slash_loop(&[one, one].concat(), 9), None);
        assert_eq!(slash_loop(&one, 200), None);
    }
}
