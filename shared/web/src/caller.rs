//! The first argument of every handler: its type is the permission.

use crate::gate::Gate;
use crate::operations::Operations;
use crate::{Auth, Identified, Problem};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use kernel::{PrincipalId, TenantId};
use privacy::{AccessLimit, Category, CategorySet, Purpose, PurposeSet, Verb};
use serde_json::{Value, json};
use std::marker::PhantomData;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub verb: Verb,
    pub categories: &'static [Category],
    /// Whether one of the categories is enough (a read shows what it may), or all are needed (a write).
    pub any: bool,
}

impl Limit {
    /// The verb, and at least one of the categories.
    pub const fn any_of(verb: Verb, categories: &'static [Category]) -> Self {
        Self { verb, categories, any: true }
    }

    /// The verb, and all of the categories.
    pub const fn all_of(verb: Verb, categories: &'static [Category]) -> Self {
        Self { verb, categories, any: false }
    }

    /// The verb alone: the route touches nothing personal.
    pub const fn verb(verb: Verb) -> Self {
        Self::all_of(verb, &[])
    }

    fn check(&self, limit: &AccessLimit) -> Result<(), Problem> {
        if !limit.allows(self.verb) {
            return Err(Problem::forbidden("verb-not-granted"));
        }
        let asked = CategorySet::of(self.categories);
        let enough =
            asked.is_empty() || if self.any { !asked.intersection(limit.categories).is_empty() } else { limit.categories.covers(asked) };
        if enough { Ok(()) } else { Err(Problem::forbidden("category-not-granted")) }
    }
}

/// A permission as a type.
pub trait Right: 'static {
    const LIMIT: Limit;
}

/// The limit of a right as it stands in the API's document, under `x-access-limit`: `{verb, categories, needs: "any" | "all"}`.
/// In builds with debug assertions a handler whose document names another limit than its caller's type answers 500.
pub fn access_limit<R: Right>() -> Value {
    let categories: Vec<&str> = R::LIMIT.categories.iter().map(|category| category.name()).collect();
    json!({"verb": R::LIMIT.verb.name(), "categories": categories, "needs": if R::LIMIT.any { "any" } else { "all" }})
}

/// Somebody who may do what `R` says. Must be the first argument: the others wait for it, so that nobody learns from a 422 what a 401 would hide, and no
/// body is read for a stranger.
pub struct Caller<R> {
    identified: Identified,
    named: Named,
    right: PhantomData<R>,
}

impl<R: Right> Caller<R> {
    pub fn tenant(&self) -> TenantId {
        self.identified.tenant
    }

    pub fn principal(&self) -> PrincipalId {
        self.identified.principal
    }

    /// What the caller may do at most, key and token taken together.
    pub fn limit(&self) -> &AccessLimit {
        &self.identified.limit
    }

    pub fn roles(&self) -> &[String] {
        &self.identified.roles
    }

    /// Whether the caller belongs to the platform itself.
    pub fn is_house(&self) -> bool {
        self.identified.tenant == TenantId::HOUSE
    }

    /// For what the caller reads: the header `Mxtr-Purpose`, or the only purpose of its limit.
    ///
    /// # Errors
    /// 400 when it is not said and there is a choice, 403 when it is not registered or not granted.
    pub fn purpose(&self) -> Result<Purpose, Problem> {
        let granted = self.identified.limit.purposes;
        let purpose = match &self.named {
            Named::Purpose(purpose) => *purpose,
            Named::Unknown => return Err(Problem::forbidden("purpose-not-registered")),
            Named::Nothing => only(granted).ok_or_else(unnamed)?,
        };
        if granted.contains(purpose) { Ok(purpose) } else { Err(Problem::forbidden("purpose-not-granted")) }
    }
}

/// What the header `Mxtr-Purpose` says.
#[derive(Clone, Copy)]
enum Named {
    Nothing,
    Purpose(Purpose),
    Unknown,
}

impl Named {
    fn of(request: &HttpRequest) -> Self {
        let mut values = request.headers().get_all("mxtr-purpose");
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            // Two purposes are none: a call has one.
            (Some(_), Some(_)) => Self::Unknown,
            (Some(name), None) => name.to_str().ok().and_then(|name| name.trim().parse().ok()).map_or(Self::Unknown, Self::Purpose),
        }
    }
}

fn only(purposes: PurposeSet) -> Option<Purpose> {
    if purposes.len() == 1 { purposes.iter().next() } else { None }
}

fn unnamed() -> Problem {
    Problem::new(crate::Slug::NOT_READABLE).detail("Name the purpose of the call in the header Mxtr-Purpose.")
}

/// The header `Mxtr-Purpose` in an operation's document: `params(web::PurposeHeader)`.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents a header that the caller reads by itself")]
pub struct PurposeHeader {
    /// For what the call is made; may be left out by a caller whose limit has exactly one purpose.
    #[param(rename = "Mxtr-Purpose", example = "client_service:newsletter")]
    purpose: Option<String>,
}

impl<R: Right> FromRequest for Caller<R> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (request, gate) = (request.clone(), Gate::shut(request));
        Box::pin(async move {
            let auth = request.app_data::<Data<Auth>>().expect("start() always installs one").clone();
            let identified = auth.identify(&request).await?;
            tracing::Span::current().record("tenant", tracing::field::display(identified.tenant));
            R::LIMIT.check(&identified.limit)?;
            Operations::check::<R>(&request)?;
            let named = Named::of(&request);
            gate.open();
            Ok(Self { identified, named, right: PhantomData })
        })
    }
}
