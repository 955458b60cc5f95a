//! Length-prefixed framing: no two lists of parts have the same bytes.

/// Each part after its length in four bytes, big-endian.
pub fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).expect("a part is far below 4 GiB");
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(part);
    }
    frame
}
