use seal::evidence::{Invalid, Kind, PublicKeys, Signer, verify_bytes};
use serde_json::json;

fn published(signers: &[&Signer]) -> PublicKeys {
    let keys: Vec<_> = signers.iter().map(|signer| signer.public_jwk()).collect();
    PublicKeys::from_json(&json!({ "keys": keys }).to_string()).expect("these are public keys")
}

fn signer(kind: Kind) -> Signer {
    Signer::from_pkcs8(kind, &Signer::generate_pkcs8()).expect("this is a key")
}

#[test]
fn a_document_verifies_as_its_kind_alone() {
    let receipts = signer(Kind::Receipt);
    let keys = published(&[&receipts, &signer(Kind::Certificate)]);
    let jws = receipts.sign(&json!({ "decision": "given" }));
    assert_eq!(keys.verify(Kind::Receipt, &jws), Ok(json!({ "decision": "given" })));
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Receipt) {
        assert_eq!(keys.verify(kind, &jws), Err(Invalid::Form));
    }
}

#[test]
fn a_key_published_for_one_kind_signs_no_other() {
    let pkcs8 = Signer::generate_pkcs8();
    let (receipts, certificates) =
        (Signer::from_pkcs8(Kind::Receipt, &pkcs8).unwrap(), Signer::from_pkcs8(Kind::Certificate, &pkcs8).unwrap());
    let jws = certificates.sign(&json!({}));
    assert_eq!(published(&[&receipts]).verify(Kind::Certificate, &jws), Err(Invalid::UnknownKey));
}

#[test]
fn what_was_changed_does_not_verify() {
    let receipts = signer(Kind::Receipt);
    let keys = published(&[&receipts]);
    let (jws, other) = (receipts.sign(&json!({ "decision": "given" })), receipts.sign(&json!({ "decision": "refused" })));
    let (parts, others): (Vec<&str>, Vec<&str>) = (jws.split('.').collect(), other.split('.').collect());
    let spliced = format!("{}.{}.{}", parts[0], others[1], parts[2]);
    assert_eq!(keys.verify(Kind::Receipt, &spliced), Err(Invalid::Signature));
    assert_eq!(published(&[]).verify(Kind::Receipt, &jws), Err(Invalid::UnknownKey));
    for bad in ["", "a.b", "a.b.c", &jws[1..]] {
        assert_eq!(keys.verify(Kind::Receipt, bad), Err(Invalid::Form), "{bad}");
    }
}

#[test]
fn a_published_key_that_contradicts_itself_verifies_nothing() {
    let receipts = signer(Kind::Receipt);
    let (jws, good) = (receipts.sign(&json!({})), json!(receipts.public_jwk()));
    let other = json!(signer(Kind::Receipt).public_jwk());
    for (field, bad) in [("kty", &json!("EC")), ("crv", &json!("Ed448")), ("x", &other["x"])] {
        let mut key = good.clone();
        key[field] = bad.clone();
        let keys = PublicKeys::from_json(&json!({ "keys": [key] }).to_string()).unwrap();
        assert_eq!(keys.verify(Kind::Receipt, &jws), Err(Invalid::PublicKeys), "{field}");
    }
}

/// RFC 8037, appendix A: the key, its thumbprint (A.3).
#[test]
fn the_key_id_is_the_thumbprint_of_rfc_8037() {
    let pkcs8 = hex::decode("302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
    let signer = Signer::from_pkcs8(Kind::Receipt, &pkcs8).unwrap();
    assert_eq!(signer.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn bare_bytes_verify_with_the_public_key() {
    let signer = signer(Kind::Checkpoint);
    let signature = signer.sign_bytes(b"origin\n1\nroot\n");
    assert!(verify_bytes(&signer.public_key(), b"origin\n1\nroot\n", &signature));
    assert!(!verify_bytes(&signer.public_key(), b"origin\n2\nroot\n", &signature));
    assert_eq!(format!("{signer:?}"), format!("Signer(checkpoint, {})", signer.kid()));
}
