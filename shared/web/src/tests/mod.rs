//! The crate through its front door: a small API on a real port, with keys and tenants that stand still.

mod answers;
mod api;
mod bodies;
mod callers;
mod credentials;
mod documents;
mod fuzz;
mod lines;
mod requests;
mod tokens;

use crate::apikey::{Minted, mint};
use crate::known::Known;
use crate::token::Verifier;
use crate::{Auth, HttpConfig, ServiceConfig, serve};
use actix_web::web::Data;
use events::identity::{AccessLimit, Principal, Tenant, TenantState};
use kernel::{Clock, PrincipalId, Service, TenantId};
use reqwest::{Method, RequestBuilder};
use runtime::Runtime;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const NOW: &str = "2026-11-24T09:00:00Z";
const ISSUER: &str = "https://mxtr.example";

/// Who is known, before the API is served.
struct World {
    clock: Clock,
    principals: Vec<Principal>,
    tenants: Vec<Tenant>,
    stale: bool,
    trusted_hops: usize,
    tokens: Arc<Verifier>,
}

impl World {
    fn new() -> Self {
        let clock = Clock::test(NOW.parse().unwrap());
        let tokens = Arc::new(Verifier::new(&clock, ISSUER, "http://127.0.0.1:1/nobody-is-here"));
        Self { clock, principals: Vec::new(), tenants: Vec::new(), stale: false, trusted_hops: 0, tokens }
    }

    fn tenant(&mut self, state: TenantState) -> TenantId {
        let id = TenantId::new(&self.clock);
        self.tenants.push(Tenant { tenant_id: id.as_bytes().to_vec(), version: 1, state: state.into(), ..Tenant::default() });
        id
    }

    /// A key of this tenant; `change` says what is particular about it.
    fn key(&mut self, tenant: TenantId, limit: AccessLimit, change: impl FnOnce(&mut Principal)) -> String {
        let id = PrincipalId::new(&self.clock);
        let Minted { text, secret_sha256 } = mint(id);
        let mut principal = Principal {
            principal_id: id.as_bytes().to_vec(),
            tenant_id: tenant.as_bytes().to_vec(),
            version: 1,
            secret_sha256: secret_sha256.to_vec(),
            roles: vec!["marketer".to_owned()],
            limit: Some(limit),
            ..Principal::default()
        };
        change(&mut principal);
        self.principals.push(principal);
        text.expose().to_owned()
    }

    /// A key of a live tenant with this limit.
    fn key_with(&mut self, verbs: &[&str], categories: &[&str], purposes: &[&str]) -> String {
        let tenant = self.tenant(TenantState::Active);
        self.key(tenant, limit(verbs, categories, purposes), |_| {})
    }

    fn auth(&self) -> Auth {
        let key = |id: &[u8]| -> [u8; 16] { id.try_into().unwrap() };
        let principals: HashMap<_, _> = self.principals.iter().map(|one| (key(&one.principal_id), Arc::new(one.clone()))).collect();
        let tenants: HashMap<_, _> = self.tenants.iter().map(|one| (key(&one.tenant_id), Arc::new(one.clone()))).collect();
        Auth {
            principals: Known::Fixed { states: principals, stale: self.stale },
            tenants: Known::Fixed { states: tenants, stale: false },
            tokens: self.tokens.clone(),
            lease: Duration::from_mins(1),
            clock: self.clock.clone(),
            trusted_hops: self.trusted_hops,
        }
    }

    fn serve(&self) -> Served {
        let (runtime, auth, config) = (Runtime::new(Service::Contacts, self.clock.clone()), Data::new(self.auth()), config());
        let cursors = Data::new(config.cursors().unwrap());
        let address = serve(&runtime, HttpConfig::from(&config), api::routes, move |app| {
            app.app_data(auth.clone()).app_data(cursors.clone());
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Served { base: format!("http://{}", address.unwrap()), http, runtime }
    }
}

/// The small API, served.
struct Served {
    base: String,
    http: reqwest::Client,
    runtime: Runtime,
}

impl Served {
    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    fn get(&self, path: &str, key: &str) -> RequestBuilder {
        self.call(Method::GET, path).bearer_auth(key)
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        self.call(Method::POST, path).bearer_auth(key).json(body)
    }
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Answer {
    async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        Self { status: answer.status().as_u16(), headers: answer.headers().clone(), text: answer.text().await.unwrap() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// (status, slug, reason) of a problem.
    fn problem(&self) -> (u16, String, Option<String>) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], self.status);
        let kind = body["type"].as_str().unwrap().strip_prefix("/problems/").unwrap().to_owned();
        (self.status, kind, body["reason"].as_str().map(ToOwned::to_owned))
    }

    fn is(&self, status: u16, slug: &str, reason: Option<&str>) {
        assert_eq!(self.problem(), (status, slug.to_owned(), reason.map(ToOwned::to_owned)));
    }
}

fn limit(verbs: &[&str], categories: &[&str], purposes: &[&str]) -> AccessLimit {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    AccessLimit { verbs: owned(verbs), categories: owned(categories), purposes: owned(purposes) }
}

fn config() -> ServiceConfig {
    let variables = [
        ("MXTR_LISTEN", "127.0.0.1:0"),
        ("MXTR_HEALTH_LISTEN", "127.0.0.1:0"),
        ("MXTR_HTTP_WORKERS", "1"),
        ("MXTR_DATABASE_URL", "postgres://nobody"),
        ("MXTR_KAFKA_BROKERS", "127.0.0.1:1"),
        ("MXTR_ISSUER", ISSUER),
        ("MXTR_JWKS_URL", "http://127.0.0.1:1"),
        ("MXTR_KEYS_URL", "http://127.0.0.1:1"),
        ("MXTR_SERVICE_TOKEN_FILE", "/nowhere"),
        ("MXTR_CURSOR_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
    ];
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    runtime::load(Service::Contacts, &environment).unwrap()
}
