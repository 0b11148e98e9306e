package main

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// startTracing sends spans to the configured collector, none when there is
// none, and returns what ends it. Sampling and the like come from the OTEL_
// variables that OpenTelemetry defines.
func startTracing(ctx context.Context, settings settings) (stop func(context.Context) error, err error) {
	if !settings.tracing() {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(settings.TracesEndpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, faultIn("OTEL_EXPORTER_OTLP_ENDPOINT", "unusable", err.Error())
	}
	described, err := resource.Merge(
		resource.NewSchemaless(attribute.String("service.name", "cannahub-gateway"), attribute.String("service.version", version)),
		resource.Environment(),
	)
	if err != nil {
		return nil, faultIn("OTEL_RESOURCE_ATTRIBUTES", "unusable", err.Error())
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(described))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	return provider.Shutdown, nil
}
