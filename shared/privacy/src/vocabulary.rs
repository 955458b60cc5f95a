//! The smaller closed vocabularies: sources, bases, verbs, roles of records, stances.

vocabulary! {
    /// Where a value came from: the six sources of the policy, and `derived` from named inputs.
    enum Source, UnknownSource: "not a source of the policy", 7 {
        /// Sent by a device by itself.
        Device = "device",
        /// Observed in use.
        Usage = "usage",
        /// Given by the person.
        Direct = "direct",
        /// Obtained from a third party with its assurance.
        Provider = "provider",
        /// Found in a public source.
        Public = "public",
        /// Imported or shared by a client.
        Client = "client",
        /// Computed from other values.
        Derived = "derived",
    }
}

vocabulary! {
    /// Why processing is lawful: GDPR Article 6(1), (a) to (f).
    enum Basis, UnknownBasis: "not a legal basis of GDPR Article 6(1)", 6 {
        /// (a)
        Consent = "consent",
        /// (b)
        Contract = "contract",
        /// (c)
        LegalObligation = "legal_obligation",
        /// (d)
        VitalInterests = "vital_interests",
        /// (e)
        PublicTask = "public_task",
        /// (f)
        LegitimateInterest = "legitimate_interest",
    }
}

vocabulary! {
    /// What a caller may do.
    enum Verb, UnknownVerb: "not a verb", 7 {
        /// See values.
        Read = "read",
        /// Make and change them one by one.
        Write = "write",
        /// Bring many in.
        Import = "import",
        /// Take many out.
        Export = "export",
        /// Give them to a third party.
        Share = "share",
        /// Destroy them, and other rights work.
        Erase = "erase",
        /// Run keys, people and settings.
        Admin = "admin",
    }
}

impl Verb {
    /// Its bit in a [`VerbSet`].
    #[expect(clippy::as_conversions, reason = "a fieldless enum of repr(u8) is its place; From is not const")]
    pub const fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

set! {
    /// A set of [`Verb`].
    struct VerbSet(u32) of Verb
}

vocabulary! {
    /// In which role the platform holds a record (GDPR Article 4(7) and (8)).
    enum RecordRole, UnknownRecordRole: "not a role of a record: controller or processor", 2 {
        /// For purposes of its own: visitors, clients and their users.
        Controller = "controller",
        /// On a client's instruction: its contacts.
        Processor = "processor",
    }
}

vocabulary! {
    /// Where a person stands towards one purpose.
    enum Stance, UnknownStance: "not a stance of a person", 5 {
        /// Never asked, or no answer.
        None = "none",
        /// Said yes.
        Given = "given",
        /// Said no when asked.
        Refused = "refused",
        /// Said yes once and took it back (GDPR Article 7(3)).
        Withdrawn = "withdrawn",
        /// Objected (GDPR Article 21).
        Objected = "objected",
    }
}
