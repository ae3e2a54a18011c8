import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Environment, Terminal } from '../../../src/cli/command.ts'
import { doctor } from '../../../src/cli/doctor/doctor.ts'
import type { DoctorFinding } from '../../../src/cli/doctor/finding.ts'
import { systemClock, type Clock } from '../../../src/core/clock.ts'

/** What the command wrote, and how it ended. */
export interface Told {
  readonly exitCode: number
  readonly out: string
  readonly error: string
  readonly findings: readonly DoctorFinding[]
  /** The verdicts by check. */
  readonly verdicts: Readonly<Record<string, string>>
}

export interface Circumstances extends Partial<Environment> {
  readonly clock?: Clock
  /** Called before the first word is written. */
  readonly onFirstWord?: () => void
}

/** Calls the doctor for programs (`--json`), with nobody at the keyboard. */
export async function ask(args: readonly string[], given: Circumstances = {}): Promise<Told> {
  const { exitCode, out, error } = await call([...args, '--json'], given)
  const { findings = [] } = (out === '' ? {} : JSON.parse(out)) as { findings?: DoctorFinding[] }
  const verdicts = Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]))
  return { exitCode, out, error, findings, verdicts }
}

export async function call(
  args: readonly string[],
  { clock = systemClock, onFirstWord, ...around }: Circumstances = {},
): Promise<Pick<Told, 'exitCode' | 'out' | 'error'>> {
  const written = { out: '', error: '' }
  const write = (to: 'out' | 'error') => (text: string) => {
    if (written.out + written.error === '') onFirstWord?.()
    written[to] += text
  }
  const terminal: Terminal = { out: write('out'), error: write('error'), hasColors: false, clock }
  const nobody = { env: {}, input: async () => '', ask: async () => undefined }
  const exitCode = await doctor(args, terminal, { ...nobody, ...around })
  return { exitCode, ...written }
}

/** A folder of this test's own. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'refresh-once-doctor-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A server of one's own, where the real one cannot be made to be wrong. Gives its origin. */
export async function serving(
  listener: RequestListener,
  certificate?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<string> {
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`
}

/** A server that says nothing but its metadata. */
export async function publishing(members: (origin: string) => object): Promise<string> {
  const origin = await serving((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ issuer: origin, ...members(origin) }))
  })
  return origin
}

export function selfSigned(): { key: Buffer; cert: Buffer } {
  const path = folder()
  const [key, cert] = [join(path, 'key.pem'), join(path, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const args = ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-subj', '/CN=test']
  execFileSync('openssl', [...args, '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'pipe' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}
