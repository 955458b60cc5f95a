//! May I? One question or many, each with its reasons.

use super::ReadConsent;
use crate::domain::state::{blank, stance};
use crate::error::Result;
use crate::recording::Recorder;
use crate::store::people;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use bus::View;
use events::consent::PersonState;
use events::identity::Tenant;
use kernel::SubjectId;
use privacy::{AccessLimit, CategorySet, PersonFacts, Purpose, Question, Verb, Withheld, decide};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;
use web::{Auth, Caller, Problem, ValidJson, access_limit};

/// How many questions a call may ask.
const MOST: usize = 1000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedDecisions {
    /// 1 to 1,000.
    pub questions: Vec<AskedDecision>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedDecision {
    pub subject_id: SubjectId,
    #[schema(example = "client_service:newsletter")]
    pub purpose: String,
    pub verb: Verb,
    pub categories: CategorySet,
}

#[derive(Serialize, ToSchema)]
pub struct Decisions {
    /// In the order of the questions.
    pub data: Vec<DecisionView>,
}

#[derive(Serialize, ToSchema)]
pub struct DecisionView {
    pub subject_id: SubjectId,
    pub purpose: String,
    /// Whether the person is known; of nobody nothing is allowed.
    pub known: bool,
    pub allowed: CategorySet,
    pub withheld: Vec<WithheldView>,
}

#[derive(Serialize, ToSchema)]
pub struct WithheldView {
    pub categories: CategorySet,
    #[schema(value_type = String, example = "no-consent")]
    pub reason: Withheld,
}

/// Decides as every service decides: within the caller's own limit, on the person's state and the tenant's chosen services.
#[utoipa::path(tag = "consent", request_body = AskedDecisions, extensions(("x-access-limit" = json!(access_limit::<ReadConsent>()))), security(("bearer" = [])), responses(
    (status = 200, body = Decisions),
    (status = "4XX", body = Problem),
    (status = "5XX", body = Problem),
))]
#[post("/v1/decisions")]
pub async fn decide_batch(
    caller: Caller<ReadConsent>,
    recorder: Data<Recorder>,
    auth: Data<Auth>,
    body: ValidJson<AskedDecisions>,
) -> Result<HttpResponse> {
    let questions = body.value.questions;
    if !(1..=MOST).contains(&questions.len()) {
        return Err(Problem::invalid("/questions", "out-of-bounds", "A call asks 1 to 1,000 questions.").into());
    }
    let mut wanted: Vec<SubjectId> = questions.iter().map(|question| question.subject_id).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known = Known {
        people: people::known(&recorder.db, caller.tenant(), &wanted).await?.into_iter().map(|known| (known.0.subject, known)).collect(),
        chosen: chosen(auth.tenants(), caller.tenant()),
        limit: caller.limit().clone(),
        tenant: caller.tenant(),
    };
    let data = questions.into_iter().map(|question| known.decide(question)).collect();
    Ok(HttpResponse::Ok().json(Decisions { data }))
}

fn chosen(tenants: &Arc<View<Tenant>>, tenant: kernel::TenantId) -> Vec<String> {
    tenants.get(tenant.as_bytes()).map(|tenant| tenant.chosen_services.clone()).unwrap_or_default()
}

/// What is known of everybody who was asked about.
struct Known {
    people: HashMap<SubjectId, (people::Person, Option<PersonState>)>,
    chosen: Vec<String>,
    limit: AccessLimit,
    tenant: kernel::TenantId,
}

impl Known {
    fn decide(&self, question: AskedDecision) -> DecisionView {
        let AskedDecision { subject_id, purpose, verb, categories } = question;
        let unregistered = DecisionView {
            subject_id,
            purpose: purpose.clone(),
            known: self.people.contains_key(&subject_id),
            allowed: CategorySet::EMPTY,
            withheld: vec![WithheldView { categories, reason: Withheld::PurposeNotRegistered }],
        };
        let Ok(registered) = purpose.parse::<Purpose>() else {
            // A name that the register lacks is the caller's own text: it is not repeated.
            return DecisionView { purpose: String::new(), ..unregistered };
        };
        let Some((person, state)) = self.people.get(&subject_id) else {
            return DecisionView { withheld: Vec::new(), known: false, ..unregistered };
        };
        let unsaid = blank(self.tenant, subject_id);
        let state = state.as_ref().unwrap_or(&unsaid);
        let facts = PersonFacts {
            role: person.role,
            stance: stance(state, registered),
            restricted: state.restricted,
            suppressed: state.suppressed,
            quarantined: person.quarantined,
            service_chosen: registered.client_service().is_none_or(|service| self.chosen.iter().any(|chosen| chosen == service)),
        };
        let decision = decide(&Question { limit: &self.limit, verb, purpose: registered, asked: categories, person: facts });
        let withheld =
            decision.withheld().iter().map(|(categories, reason)| WithheldView { categories: *categories, reason: *reason }).collect();
        DecisionView { subject_id, purpose, known: true, allowed: decision.allowed(), withheld }
    }
}
