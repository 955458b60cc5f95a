//! A short-lived token for an API key (RFC 6749, 4.4; RFC 9068), narrowed by a scope.

use crate::domain::scope::{InvalidScope, Scope, scope_of};
use crate::tokens::Tokens;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue, PRAGMA, WWW_AUTHENTICATE};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Form};
use actix_web::{HttpRequest, HttpResponse, ResponseError, post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::apikey::ApiKey;
use web::{Auth, Problem};

/// `application/x-www-form-urlencoded`; other parameters are passed over (RFC 6749, 3.2).
#[derive(Debug, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials`.
    grant_type: Option<String>,
    /// Words that narrow: `verb:read category:personal purpose:client_service:support`. A kind of which none is named stays as the key has it.
    scope: Option<String>,
}

/// RFC 6749, 5.1.
#[derive(Serialize, ToSchema)]
pub struct TokenView {
    pub access_token: String,
    #[schema(value_type = String, example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds, 300 at most. The token ends with its key, if that is earlier.
    pub expires_in: i64,
    /// What the token is good for, as a scope.
    pub scope: String,
}

/// RFC 6749, 5.2.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenErrorView {
    #[schema(value_type = String, example = "invalid_scope")]
    pub error: &'static str,
    #[schema(value_type = String)]
    pub error_description: &'static str,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the client cannot be authenticated")]
    InvalidClient,
    #[error("the client may not have a token")]
    UnauthorizedClient,
    #[error("the request cannot be read")]
    InvalidRequest,
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    #[error("the scope is not granted")]
    InvalidScope(#[from] InvalidScope),
    /// Nothing can be decided at the moment.
    #[error(transparent)]
    Away(Problem),
    #[error("the token could not be signed")]
    Unsigned(#[from] jsonwebtoken::errors::Error),
}

/// A token for the API key that the call is made with: HTTP Basic with the key's id as user and the key as password, or `Bearer` with the key. A token
/// buys no token.
#[utoipa::path(tag = "tokens", request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    extensions(("x-access-limit" = json!({"verb": null, "categories": [], "needs": "all"}))), responses(
    (status = 200, body = TokenView),
    (status = 400, body = TokenErrorView),
    (status = 401, body = TokenErrorView),
    (status = 503, body = Problem),
))]
#[post("/oauth/token", wrap = "from_fn(basic_as_bearer)")]
pub async fn issue_token(
    auth: Data<Auth>,
    tokens: Data<Tokens>,
    request: HttpRequest,
    form: Result<Form<TokenRequest>, actix_web::Error>,
) -> Result<HttpResponse, TokenError> {
    if !is_made_with_a_key(request.headers()) {
        return Err(TokenError::InvalidClient);
    }
    let caller = auth.identify(&request).await.map_err(TokenError::of)?;
    let asked = form.map_err(|_| TokenError::InvalidRequest)?;
    match asked.grant_type.as_deref() {
        None | Some("") => return Err(TokenError::InvalidRequest),
        Some("client_credentials") => {}
        Some(_) => return Err(TokenError::UnsupportedGrantType),
    }
    // A parameter without a value is one that was left out (RFC 6749, 3.2).
    let scope = asked.scope.as_deref().filter(|scope| !scope.is_empty()).map(Scope::parse).transpose()?.unwrap_or_default();
    let limit = scope.narrow(&caller.limit)?;
    let scope = scope_of(&limit);
    let token = tokens.issue(&caller, limit)?;
    let view = TokenView { access_token: token.text, token_type: "Bearer", expires_in: token.expires_in, scope };
    Ok(HttpResponse::Ok().insert_header((PRAGMA, "no-cache")).json(view))
}

/// HTTP Basic (RFC 6749, 2.3.1) says the same as `Bearer` with the password, if the user is the key's own id.
async fn basic_as_bearer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(key) = request.headers().get(AUTHORIZATION).and_then(basic)
        && let Ok(header) = HeaderValue::from_str(&format!("Bearer {key}"))
    {
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    next.call(request).await
}

/// The key of `Authorization: Basic …`.
fn basic(header: &HeaderValue) -> Option<String> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    let key = ApiKey::parse(password)?;
    user.parse().is_ok_and(|id: kernel::PrincipalId| id == key.id).then(|| password.to_owned())
}

fn is_made_with_a_key(headers: &HeaderMap) -> bool {
    let credential = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()?.split_once(' '));
    credential.is_some_and(|(_, credential)| ApiKey::parse(credential.trim()).is_some())
}

impl TokenError {
    /// What the answer to a caller means here.
    fn of(problem: Problem) -> Self {
        match problem.status() {
            StatusCode::UNAUTHORIZED => Self::InvalidClient,
            StatusCode::FORBIDDEN => Self::UnauthorizedClient,
            _ => Self::Away(problem),
        }
    }

    fn told(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidClient => (StatusCode::UNAUTHORIZED, "invalid_client", "Send a live API key."),
            Self::UnauthorizedClient => {
                (StatusCode::BAD_REQUEST, "unauthorized_client", "The tenant is suspended, or the key is for other networks.")
            }
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request", "Send a form with a grant_type, each parameter once."),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is client_credentials."),
            Self::InvalidScope(InvalidScope) => {
                (StatusCode::BAD_REQUEST, "invalid_scope", "The scope is malformed, or beyond the key's limit.")
            }
            Self::Away(_) | Self::Unsigned(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Repeat the request in a moment.")
            }
        }
    }
}

impl ResponseError for TokenError {
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Away(problem) => return problem.response(),
            Self::Unsigned(_) => return Problem::internal(self).response(),
            _ => {}
        }
        let (status, error, error_description) = self.told();
        let mut answer = HttpResponse::build(status);
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"mxtr\", charset=\"UTF-8\""));
        }
        answer.insert_header((PRAGMA, "no-cache")).json(TokenErrorView { error, error_description })
    }
}
