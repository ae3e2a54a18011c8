import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { defineProvider } from '../../src/core/define-provider.ts'
import type { Presentation } from '../../src/core/failure.ts'
import type { Client, Overrides, ProviderDescription } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'
import { createTransport } from '../../src/transport/transport.ts'
import type { FetchOnce } from '../../src/transport/send.ts'
import type { Transport } from '../../src/transport/transport.ts'
import type { PresentedTokens } from '../../src/transport/token-response.ts'

/** A refresh token `rt-1`, for no audience. */
export const PRESENTED: PresentedTokens = { refreshToken: new Secret('rt-1'), audience: {} }

export interface Setup {
  readonly provider?: Overrides
  readonly client?: Client
  readonly fetch?: FetchOnce | undefined
  readonly clock?: Clock
  readonly timeoutMs?: number
  /** Default: silent paths are not asked. */
  readonly idlePathMs?: number
}

/** A transport to `<origin>/token` and `<origin>/revoke`, unless told otherwise. */
export function transportTo(origin: string, setup: Setup = {}): Transport {
  const description: ProviderDescription = {
    id: 'test',
    tokenEndpoint: `${origin}/token`,
    revocationEndpoint: `${origin}/revoke`,
  }
  return createTransport({
    provider: defineProvider(description, setup.provider),
    client: setup.client ?? { id: 'app', secret: 'client-secret' },
    fetch: setup.fetch,
    clock: setup.clock ?? systemClock,
    requestTimeoutMs: setup.timeoutMs ?? 5_000,
    idlePathMs: setup.idlePathMs,
  })
}

/** A transport to an AS whose endpoints are discovered. */
export function discovering(issuer: string, setup: Setup = {}): Transport {
  return createTransport({
    provider: defineProvider({ id: 'test', issuer }, setup.provider),
    client: setup.client ?? { id: 'app', secret: 'client-secret' },
    fetch: setup.fetch,
    clock: setup.clock ?? systemClock,
    requestTimeoutMs: setup.timeoutMs ?? 5_000,
  })
}

/** Presents once; `presented` adds to a refresh token `rt-1` without audience. */
export async function presentTo(
  origin: string,
  setup: Setup = {},
  presented: Partial<PresentedTokens> = {},
): Promise<Presentation> {
  const prepared = await transportTo(origin, setup).prepare({ ...PRESENTED, ...presented })
  if (!prepared.ready) throw new Error(`not prepared: ${prepared.code} ${prepared.hint}`)
  return prepared.present()
}

/** A `granted` in plain text, to compare; anything else as it is. */
export function shown(presentation: Presentation): unknown {
  if (presentation.outcome !== 'granted') return presentation
  const { response } = presentation
  const { token, expiresAtMs, obtainedAtMs, ...access } = response.access
  return {
    outcome: 'granted',
    accessToken: token.expose(),
    ...access,
    ...(expiresAtMs !== undefined && { expiresInMs: expiresAtMs - (obtainedAtMs ?? 0) }),
    ...(response.refreshToken && { refreshToken: response.refreshToken.expose() }),
    ...(response.idToken && { idToken: response.idToken.expose() }),
    ...(response.isWithout && { isWithout: true }),
    ...(response.withheld && { withheld: response.withheld }),
  }
}

/** A certificate that signs itself, with its key. */
export function certificate(...options: string[]): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'refresh-once-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', ...ec, '-keyout', key, '-out', cert, '-subj', '/CN=test', ...options],
      { stdio: 'pipe' },
    )
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A socket that listens and never accepts: once its backlog is full, nobody can connect. */
export async function fullBacklog(): Promise<number> {
  const worker = new Worker(
    `const at = { port: 0, host: '127.0.0.1', backlog: 1 }
    const server = require('node:net').createServer().listen(at, () => {
      require('node:worker_threads').parentPort.postMessage(server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`,
    { eval: true },
  )
  onTestFinished(async () => void (await worker.terminate()))
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const fillers = Array.from({ length: 8 }, () => connect({ port, host: '127.0.0.1' }))
  onTestFinished(() => fillers.forEach((socket) => socket.destroy()))
  for (const socket of fillers) socket.on('error', () => {})
  await new Promise((resolve) => fillers[0]!.once('connect', resolve))
  return port
}
