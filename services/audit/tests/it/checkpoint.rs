//! Notes that were tampered with are refused, and it is said why.

use audit::domain::checkpoint::{Checkpoint, InvalidNote};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

const ORIGIN: &str = "mxtr.example/log";

fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

fn signed() -> (String, [u8; 32], Checkpoint) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 42, root: [9; 32] };
    let note = checkpoint.note(&key, |text| pair.sign(text).as_ref().try_into().unwrap());
    (note, key, checkpoint)
}

#[test]
fn a_note_reads_back_as_the_checkpoint_it_was_made_of() {
    let (note, key, checkpoint) = signed();
    assert_eq!(Checkpoint::from_note(&note, ORIGIN, &key, verify), Ok(checkpoint));
}

#[test]
fn signatures_of_other_keys_are_passed_over() {
    let (note, key, checkpoint) = signed();
    let stranger = format!("{note}\u{2014} witness.example AAAAAGJ5dGVz\n");
    assert_eq!(Checkpoint::from_note(&stranger, ORIGIN, &key, verify), Ok(checkpoint));
}

#[test]
fn a_note_that_was_changed_is_refused() {
    let (note, key, _) = signed();
    let cases = [
        (note.replace("\n42\n", "\n43\n"), InvalidNote::BadSignature),
        (note.replace("\n42\n", "\n042\n"), InvalidNote::Malformed),
        (note.replace("\n42\n", "\n-42\n"), InvalidNote::Malformed),
        (note.replace("\n\n", "\n"), InvalidNote::Malformed),
        (note.replace("mxtr.example", "other.example"), InvalidNote::OtherLog),
        (note.trim_end().to_owned(), InvalidNote::Malformed),
        (note.replace('\u{2014}', "-"), InvalidNote::Malformed),
        (format!("\u{7}{note}"), InvalidNote::Malformed),
        (note.lines().take(3).fold(String::new(), |text, line| text + line + "\n") + "\n\u{2014} w AAAAAGJ5dGVz\n", InvalidNote::Unsigned),
    ];
    for (changed, why) in cases {
        assert_eq!(Checkpoint::from_note(&changed, ORIGIN, &key, verify), Err(why), "{changed:?}");
    }
    assert_eq!(Checkpoint::from_note(&note, ORIGIN, &[1; 32], verify), Err(InvalidNote::Unsigned));
}
