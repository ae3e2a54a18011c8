/**
 * Metrics and spans of refreshes, by OpenTelemetry.
 *
 * @module
 */
import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Attributes, Meter, Tracer } from '@opentelemetry/api'
import type { OnEvent, RefreshEvent } from '../index.ts'
import { instrumentsOf } from './otel/instruments.ts'

export interface TelemetryOptions {
  /** Default: `metrics.getMeter('refresh-once')` of the provider that is registered by then. */
  readonly meter?: Meter
  /** Default: `trace.getTracer('refresh-once')`. */
  readonly tracer?: Tracer
  /**
   * Whether spans carry the fingerprints of refresh token and chain, by which the refreshes of one
   * user can be found. Metrics never do. Default `false`.
   */
  readonly fingerprints?: boolean
}

/**
 * Observes a refresher: pass it as `onEvent`. Call it after the SDK was started, because a meter
 * that was asked for before that counts nothing.
 *
 * Every duration is in seconds. No token is in any of it.
 *
 * @returns For `onEvent`, in place of the log line: for both, call it in an `onEvent` of your own.
 * @see https://opentelemetry.io/docs/specs/semconv/general/metrics/
 */
export function telemetry({ meter, tracer, fingerprints = false }: TelemetryOptions = {}): OnEvent {
  const instruments = instrumentsOf(meter ?? metrics.getMeter('refresh-once'))
  const spans = tracer ?? trace.getTracer('refresh-once')
  return (event) => {
    instruments.count(event)
    if (event.type !== 'ended' && event.type !== 'presented') return
    const { atMs, durationMs } = event
    const span = spans.startSpan(NAMES[event.type], {
      kind: event.type === 'presented' ? SpanKind.CLIENT : SpanKind.INTERNAL,
      startTime: atMs - durationMs,
      attributes: { ...attributesOf(event), ...(fingerprints && fingerprintsOf(event)) },
    })
    if (event.code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(atMs)
  }
}

const NAMES = { ended: 'refresh_once.refresh', presented: 'refresh_once.presentation' } as const

type Timed = Extract<RefreshEvent, { type: 'ended' | 'presented' }>

function attributesOf(event: Timed): Attributes {
  const { provider, code } = event
  return {
    'refresh_once.provider': provider,
    ...(code !== undefined && { 'error.type': code }),
    ...(event.type === 'ended' && {
      'refresh_once.state': event.state,
      'refresh_once.callers': event.callers,
    }),
    ...(event.type === 'presented' && { 'refresh_once.outcome': event.outcome }),
    ...('status' in event &&
      event.status !== undefined && { 'http.response.status_code': event.status }),
  }
}

function fingerprintsOf({ token, grant }: Timed): Attributes {
  return {
    ...(token !== undefined && { 'refresh_once.token': token }),
    ...(grant !== undefined && { 'refresh_once.grant': grant }),
  }
}
