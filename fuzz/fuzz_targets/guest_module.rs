//! Random modules with our imports: each is refused or runs to its end within its limits, and is
//! never a bug of ours.

#![no_main]

use std::sync::OnceLock;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use runtime::{Engine, ErrorKind, Limits, Sandbox};
use syscalls::{ValType, tables};
use wasm_smith::{Config, Module};

/// A module that imports every row once: what the generator takes imports from.
fn imports() -> &'static [u8] {
    static IMPORTS: OnceLock<Vec<u8>> = OnceLock::new();
    IMPORTS.get_or_init(|| {
        let mut text = String::from("(module");
        for row in tables() {
            let types = |types: &[ValType]| {
                let names =
                    types.iter().map(|ty| if *ty == ValType::I64 { " i64" } else { " i32" });
                names.collect::<String>()
            };
            text += &format!(
                "(import \"{}\" \"{}\" (func (param{}) (result{})))",
                row.module,
                row.name,
                types(row.params),
                types(row.results)
            );
        }
        wat::parse_str(text + ")").expect("the rows have types")
    })
}

/// A module that exports what a program must: what the generator takes exports from. It cannot
/// take memories.
fn exports() -> &'static [u8] {
    static EXPORTS: OnceLock<Vec<u8>> = OnceLock::new();
    EXPORTS.get_or_init(|| {
        wat::parse_str("(module (func (export \"_start\")))").expect("it is a module")
    })
}

/// Number of the section of exports.
const EXPORTS: u8 = 7;

/// A number at the start of `bytes`, as the binary format has it, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}

/// A number in five bytes.
fn five_bytes(value: usize) -> [u8; 5] {
    core::array::from_fn(|i| (value >> (7 * i)) as u8 & 0x7f | if i < 4 { 0x80 } else { 0 })
}

/// Exports the module's memory too, as `memory`.
fn with_memory_exported(wasm: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = wasm.split_at_checked(8)?;
    let mut out = header.to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (len, after) = number(after)?;
        let (section, after) = after.split_at_checked(len)?;
        if *id == EXPORTS {
            let (count, entries) = number(section)?;
            let mut section = five_bytes(count + 1).to_vec();
            section.extend(b"\x06memory\x02\x00");
            section.extend(entries);
            out.push(*id);
            out.extend(five_bytes(section.len()));
            out.extend(section);
        } else {
            out.extend(&rest[..rest.len() - after.len()]);
        }
        rest = after;
    }
    Some(out)
}

fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let config = Config {
        available_imports: Some(imports().to_vec()),
        exports: Some(exports().to_vec()),
        max_imports: 10,
        min_memories: 1,
        max_memories: 1,
        max_memory32_bytes: 1 << 24,
        simd_enabled: true,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    };
    let wasm = Module::new(config, u)?.to_bytes();
    Ok(with_memory_exported(&wasm).unwrap_or(wasm))
}

fn run(wasm: Vec<u8>) {
    let mut limits = Limits::default();
    limits.kernel.fuel = Some(2_000_000);
    limits.kernel.processes = 20;
    limits.kernel.output_bytes = 1 << 20;
    limits.memory = 64 << 20;
    let builder = Sandbox::builder().engine(Engine::new()).limits(limits).deterministic(1);
    let mut sandbox = builder.build().expect("a sandbox");
    let command = sandbox.module("guest", wasm).timeout(Duration::from_secs(3600));
    if let Err(error) = command.output() {
        assert!(!matches!(error.kind(), ErrorKind::Bug(_)), "{error}");
    }
}

fuzz_target!(|data: &[u8]| {
    // The bytes themselves first: hardly ever a module. Then what can be made of them.
    if data.len() < 200 {
        run([b"\0asm\x01\0\0\0", data].concat());
    }
    if let Ok(wasm) = module(&mut Unstructured::new(data)) {
        run(wasm);
    }
});
