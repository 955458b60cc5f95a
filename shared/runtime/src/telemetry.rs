//! Logs and traces. One trace goes from a request through the outbox and Kafka to the consumer (W3C Trace Context).

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::collections::HashSet;
use std::panic::PanicHookInfo;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// A span has no more links than this, whatever it was caused by.
const MOST_LINKS: usize = 64;

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
    let provider = provider(settings.otlp_endpoint.as_deref())?;
    subscriber(settings, &provider)?.try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(Exporter(provider))
}

/// Without an endpoint nothing is recorded, and spans still have ids; what a caller elsewhere samples stays marked as sampled.
fn provider(endpoint: Option<&str>) -> anyhow::Result<SdkTracerProvider> {
    let provider = SdkTracerProvider::builder().with_resource(Resource::builder().with_service_name("mxtr").build());
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(provider.with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff))).build());
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    Ok(provider.with_batch_exporter(exporter).build())
}

/// The filter is for lines only: a trace goes on through a process that says little.
fn subscriber(settings: &Telemetry, provider: &SdkTracerProvider) -> anyhow::Result<impl Subscriber + Send + Sync + 'static> {
    let spans = filter_fn(|about| about.is_span() && *about.level() <= Level::INFO);
    let traces =
        tracing_opentelemetry::layer().with_tracer(provider.tracer("mxtr")).with_location(false).with_threads(false).with_filter(spans);
    let directives = if settings.filter.is_empty() { "info" } else { &settings.filter };
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = if settings.json { lines.json().boxed() } else { lines.compact().boxed() };
    Ok(tracing_subscriber::registry().with(traces).with(lines.with_filter(EnvFilter::try_new(directives)?)))
}

/// A panic's text may hold a value (`unwrap` prints what it met); only a text that was written into the source is told.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(a text that is not told)");
    tracing::error!(place, text, "a task panicked");
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
    set_parents(span, traceparent);
}

/// The same for work that several spans elsewhere have caused: a child of the first of them that is recorded (of the first, where none is), with links to
/// the others, at most 64 and one to each.
pub fn set_parents<'a>(span: &Span, traceparents: impl IntoIterator<Item = &'a str>) {
    let mut seen = HashSet::new();
    let different = traceparents.into_iter().filter(|traceparent| seen.insert(*traceparent));
    let mut causes: Vec<SpanContext> = different.filter_map(parse).take(1 + MOST_LINKS).collect();
    if causes.is_empty() {
        return;
    }
    let parent = causes.remove(causes.iter().position(SpanContext::is_sampled).unwrap_or(0));
    if span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent)).is_err() {
        tracing::debug!("a span has begun before its parent was known");
    }
    for cause in causes {
        span.add_link(cause);
    }
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex =
        |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !hex(version, 2) || version == "ff" || !hex(trace, 32) || !hex(span, 16) || !hex(flags, 2) {
        return None;
    }
    // Version 00 has four parts; a later one may have more (W3C Trace Context, 3.2.4).
    if version == "00" && parts.next().is_some() {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::info_span;

    const REMOTE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn with_lines_of<T>(filter: &str, work: impl FnOnce() -> T) -> T {
        let settings = Telemetry { filter: filter.to_owned(), ..Telemetry::default() };
        let subscriber = subscriber(&settings, &provider(None).unwrap()).unwrap();
        tracing::subscriber::with_default(subscriber, work)
    }

    #[test]
    fn a_span_has_a_trace_id_without_an_endpoint_and_without_lines() {
        with_lines_of("off", || {
            let _entered = info_span!("work").entered();
            assert_ne!(trace_id(), [0; 16]);
            let own = traceparent().unwrap();
            assert!(parse(&own).is_some(), "{own}");
        });
    }

    #[test]
    fn a_span_goes_on_with_the_trace_of_its_remote_parent() {
        with_lines_of("off", || {
            let span = info_span!("work");
            set_parent(&span, Some(REMOTE));
            let _entered = span.entered();
            let own = traceparent().unwrap();
            assert!(own.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{own}");
            assert!(own.ends_with("-01"), "what is sampled elsewhere stays so: {own}");
            assert_ne!(own, REMOTE, "the span has an id of its own");
        });
    }

    #[test]
    fn outside_of_a_span_there_is_no_trace() {
        with_lines_of("off", || {
            assert_eq!(trace_id(), [0; 16]);
            assert_eq!(traceparent(), None);
        });
    }

    #[test]
    fn what_is_no_traceparent_is_passed_over() {
        let broken = [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ];
        for text in broken {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some(), "a later version may have more");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_an_error() {
        let settings = Telemetry { filter: "info,=,=".to_owned(), ..Telemetry::default() };
        assert!(subscriber(&settings, &provider(None).unwrap()).is_err());
    }
}
