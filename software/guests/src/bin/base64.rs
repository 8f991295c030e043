//! `base64`, `base32` and `basenc`, by uutils.

fn main() {
    agentos_guest::main(&[
        ("base64", uu_base64::uumain),
        ("base32", uu_base32::uumain),
        ("basenc", uu_basenc::uumain),
    ]);
}
