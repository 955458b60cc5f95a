//! The messages of `proto/`, and which of them are events.

/// A message that may stand in a topic.
pub trait Event: prost::Message + Default {
    /// Its CloudEvents `type`: the full name of the message.
    const TYPE: &'static str;
}

macro_rules! packages {
    ($($name:ident: $package:literal [$($event:ident),*])*) => {
        /// Generated messages name each other by the path from here.
        #[expect(clippy::pedantic, reason = "generated code")]
        mod mxtr {
            $(pub mod $name {
                #[doc = concat!("The messages of `", $package, "`; what they mean stands in `proto/`.")]
                pub mod v1 {
                    include!(concat!(env!("OUT_DIR"), "/", $package, ".rs"));
                }
            })*
        }

        $(pub use mxtr::$name::v1 as $name;)*

        $($(impl Event for $name::$event {
            const TYPE: &'static str = concat!($package, ".", stringify!($event));
        })*)*
    };
}

packages! {
    platform: "mxtr.platform.v1" [Watermark, ClockSet, ReadRecord, Act, Applied, RightsOutcome]
    identity: "mxtr.identity.v1" [Tenant, Principal]
    keyring: "mxtr.keyring.v1" [Shredded]
    contacts: "mxtr.contacts.v1" [ContactChanged]
    consent: "mxtr.consent.v1" [PersonState]
    rights: "mxtr.rights.v1" [RightsTask]
    audit: "mxtr.audit.v1" [Checkpoint]
}
