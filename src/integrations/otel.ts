/**
 * Metrics and spans of refreshes for OpenTelemetry.
 *
 * @module
 */
import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Attributes, Meter, Tracer } from '@opentelemetry/api'
import { boolean, checkOptions, having } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import type { OnEvent, RefreshEvent } from '../index.ts'

export interface TelemetryOptions {
  /** Default: `metrics.getMeter('refresh-once')` of the provider that is registered at the call. */
  readonly meter?: Meter
  /** Default: `trace.getTracer('refresh-once')`. */
  readonly tracer?: Tracer
  /**
   * Whether spans have the fingerprints of refresh token and chain. With them you can find the
   * refreshes of one user. Metrics never have them. Default `false`.
   */
  readonly fingerprints?: boolean
}

/**
 * Makes an observer of a refresher: pass it as `onEvent`. Call this function after the SDK was
 * started, because a meter that was created earlier counts nothing.
 *
 * Every duration is in seconds. No metric and no span has a token.
 *
 * @returns A function for `onEvent`. It replaces the log line. If you want both, call it in an
 *   `onEvent` of your own.
 * @see https://opentelemetry.io/docs/specs/semconv/general/metrics/
 */
export function telemetry(options: TelemetryOptions = {}): OnEvent {
  checkOptions('telemetry', options, OPTIONS)
  const { meter, tracer, fingerprints = false } = options
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

const OPTIONS: TableOf<TelemetryOptions> = {
  meter: having('a Meter: metrics.getMeter(…)', 'createHistogram', 'createCounter'),
  tracer: having('a Tracer: trace.getTracer(…)', 'startSpan'),
  fingerprints: boolean,
  type: 'onEvent: telemetry()',
}

const NAMES = { ended: 'refresh_once.refresh', presented: 'refresh_once.presentation' } as const

type TimedEvent = Extract<RefreshEvent, { type: 'ended' | 'presented' }>

function attributesOf(event: TimedEvent): Attributes {
  const { provider, code } = event
  return {
    'refresh_once.provider': provider,
    ...(code !== undefined && { 'error.type': code }),
    ...(event.type === 'ended' && {
      'refresh_once.state': event.state,
      'refresh_once.callers': event.callers,
      ...(event.reason && { 'refresh_once.reason': event.reason }),
    }),
    ...(event.type === 'presented' && { 'refresh_once.outcome': event.outcome }),
    ...('status' in event &&
      event.status !== undefined && { 'http.response.status_code': event.status }),
  }
}

function fingerprintsOf({ token, grant }: TimedEvent): Attributes {
  return {
    ...(token !== undefined && { 'refresh_once.token': token }),
    ...(grant !== undefined && { 'refresh_once.grant': grant }),
  }
}

/** The instruments. A test compares their names with those in our dashboard and alerts. */
interface Instruments {
  count(event: RefreshEvent): void
}

/** In seconds. A store answers in milliseconds, an AS in tenths of a second; a deadline is 15. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30]

function instrumentsOf(meter: Meter): Instruments {
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: BOUNDARIES },
    })
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(name, { unit, description })

  const refreshes = seconds(
    'refresh_once.refresh.duration',
    'Calls whose set was not fresh, one for all callers who shared a run.',
  )
  const presentations = seconds(
    'refresh_once.presentation.duration',
    'Refresh tokens presented at the authorization server, until the answer or the deadline.',
  )
  const coalesced = counter(
    'refresh_once.callers.coalesced',
    '{caller}',
    'Callers who shared the run of another caller of the same process.',
  )
  const served = counter(
    'refresh_once.successors.served',
    '{set}',
    'Newer sets that were handed to holders of a spent refresh token.',
  )
  const avoided = counter(
    'refresh_once.reuses.avoided',
    '{presentation}',
    'Presentations of a token already presented that did not happen: coalesced and served.',
  )
  const reuses = counter(
    'refresh_once.reuse_detected',
    '{chain}',
    'Spent refresh tokens that came back after a later one was seen; each ended its chain.',
  )
  const revocations = counter(
    'refresh_once.revocations',
    '{chain}',
    'Ended chains whose tokens were to be revoked at the authorization server.',
  )
  const unsettled = counter(
    'refresh_once.ledger.troubles',
    '{set}',
    'Sets that went to their caller past the ledger, or whose chain the ledger had lost.',
  )

  const begun = new Set<string>()
  /**
   * Starts the counters of a provider at 0. Prometheus sees no increase in the first value of a
   * series, so the first one would raise no alert.
   */
  function begin(by: Attributes): void {
    for (const each of [coalesced, served, avoided, reuses]) each.add(0, by)
    for (const revoked of [true, false]) {
      revocations.add(0, { ...by, 'refresh_once.revoked': revoked })
    }
    for (const trouble of ['handed_over', 'ledger_lost']) {
      unsettled.add(0, { ...by, 'refresh_once.trouble': trouble })
    }
  }

  return {
    count(event) {
      const by: Attributes = { 'refresh_once.provider': event.provider }
      if (!begun.has(event.provider)) begin(by)
      begun.add(event.provider)
      switch (event.type) {
        case 'ended': {
          const { state, code, reason, callers, durationMs } = event
          const how = {
            ...by,
            'refresh_once.state': state,
            ...(code && { 'error.type': code }),
            ...(reason && { 'refresh_once.reason': reason }),
          }
          refreshes.record(durationMs / 1000, how)
          if (callers > 1) {
            coalesced.add(callers - 1, by)
            avoided.add(callers - 1, by)
          }
          break
        }
        case 'presented': {
          const { outcome, code, status, durationMs } = event
          presentations.record(durationMs / 1000, {
            ...by,
            'refresh_once.outcome': outcome,
            ...(code && { 'error.type': code }),
            ...(status !== undefined && { 'http.response.status_code': status }),
          })
          break
        }
        case 'served':
          served.add(1, by)
          avoided.add(1, by)
          break
        case 'reuse_detected':
          reuses.add(1, by)
          break
        case 'tokens_revoked':
          revocations.add(1, { ...by, 'refresh_once.revoked': event.revoked })
          break
        case 'handed_over':
        case 'ledger_lost':
          unsettled.add(1, { ...by, 'refresh_once.trouble': event.type })
          break
        case 'claimed':
        case 'introspected':
        case 'revoked':
        case 'grant_ignored':
        case 'paused':
        case 'expires_soon':
        case 'endpoint_changed':
          break
      }
    },
  }
}
