//! Logs and traces. One trace goes from a request through the outbox and Kafka to the consumer (W3C Trace Context).

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// How logs and traces leave the process.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// Directives such as `info,bus=debug`; empty means `info`.
    pub filter: String,
    /// One JSON object a line, instead of text for people.
    pub json: bool,
    /// Where traces go (OTLP over gRPC); without it they have ids and go nowhere.
    pub otlp_endpoint: Option<String>,
}

/// What must be flushed before the process ends.
#[derive(Debug)]
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Sends what is still held back.
    pub fn flush(&self) {
        if let Err(cause) = self.0.shutdown() {
            tracing::warn!(%cause, "traces were not sent to the end");
        }
    }
}

/// Sets logs and traces up for the whole process. Call it inside a Tokio runtime, once.
///
/// # Errors
/// The filter or the endpoint cannot be used, or it was called before.
pub fn init(settings: &Telemetry) -> anyhow::Result<Exporter> {
    let mut provider = SdkTracerProvider::builder();
    if let Some(endpoint) = &settings.otlp_endpoint {
        provider = provider.with_batch_exporter(opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?);
    }
    let provider = provider.build();
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("mxtr")).with_location(false).with_threads(false);
    let directives = if settings.filter.is_empty() { "info" } else { &settings.filter };
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = if settings.json { lines.json().boxed() } else { lines.compact().boxed() };
    tracing_subscriber::registry().with(EnvFilter::try_new(directives)?).with(traces).with(lines).try_init()?;
    Ok(Exporter(provider))
}

/// The current span in the words of W3C Trace Context, for a header or an outbox row.
pub fn traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8()))
}

/// The id of the current trace; zeros where there is none.
pub fn trace_id() -> [u8; 16] {
    Span::current().context().span().span_context().trace_id().to_bytes()
}

/// Makes `span` a child of a span elsewhere. What is no `traceparent` is passed over; so is a span that has begun.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(remote) = traceparent.and_then(parse) {
        let context = opentelemetry::Context::new().with_remote_span_context(remote);
        if span.set_parent(context).is_err() {
            tracing::debug!("a span has begun before its parent was known");
        }
    }
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !hex(version, 2) || version == "ff" || !hex(trace, 32) || !hex(span, 16) || !hex(flags, 2) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}
