//! What the binary says of all services together.

use std::path::Path;

#[test]
fn the_inventory_is_what_the_types_say() {
    let said = serde_json::to_string_pretty(&mxtr::inventory()).expect("an inventory has a JSON form") + "\n";
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/inventory.json");
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inventory.json");
    std::fs::write(&made, &said).expect("the target folder can be written");
    let known = std::fs::read_to_string(&committed).unwrap_or_default();
    assert_eq!(known, said, "look at the difference, then: cp {} docs/inventory.json", made.display());
}

#[test]
fn every_path_of_every_document_has_its_service_as_the_one_owner() {
    for service in mxtr::SERVED {
        let document = mxtr::openapi(service);
        for path in document.paths.paths.keys() {
            assert_eq!(mxtr::owner(path), Some(service), "{path}");
        }
    }
}
