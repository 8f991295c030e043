//! Upper and lower case of text that is UTF-8, mostly: other bytes pass unharmed.

/// `towupper`: one character for one.
pub(crate) fn upper(character: char) -> char {
    let mut mapped = character.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

/// `towlower`: one character for one.
pub(crate) fn lower(character: char) -> char {
    let mut mapped = character.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

/// The other case, whichever that is.
pub(crate) fn toggle(character: char) -> char {
    if character.is_uppercase() { lower(character) } else { upper(character) }
}

/// Every character replaced.
pub(crate) fn map_case(text: &[u8], map: impl Fn(char) -> char) -> Vec<u8> {
    let mut mapped = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(&mut mapped, map(character));
        }
        mapped.extend_from_slice(chunk.invalid());
    }
    mapped
}

/// The first character upper, the others lower: `declare -c`.
pub(crate) fn capitalize(text: &[u8]) -> Vec<u8> {
    let first = std::cell::Cell::new(true);
    map_case(
        text,
        |character| if first.replace(false) { upper(character) } else { lower(character) },
    )
}

/// Appends a character in UTF-8.
pub(crate) fn push(text: &mut Vec<u8>, character: char) {
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
