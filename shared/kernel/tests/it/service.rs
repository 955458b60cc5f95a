//! Names of services.

use kernel::{Service, UnknownService};

#[test]
fn a_service_is_the_same_in_text_and_json() {
    let mut names = Vec::new();
    for service in Service::ALL {
        assert_eq!(service.to_string().parse(), Ok(service));
        let json = serde_json::to_string(&service).unwrap();
        assert_eq!(json, format!("\"{service}\""));
        assert_eq!(serde_json::from_str::<Service>(&json).unwrap(), service);
        names.push(service.name());
    }
    assert_eq!(names, ["identity", "keyring", "contacts", "consent", "rights", "audit"]);
}

#[test]
fn there_is_no_other_service() {
    for name in ["", "Contacts", "contacts ", "billing"] {
        assert_eq!(name.parse::<Service>(), Err(UnknownService));
    }
}
