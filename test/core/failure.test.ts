import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { FAILURES, type Failure } from '../../src/core/failure.ts'
import { Secret } from '../../src/core/secret.ts'
import { settlementOf } from '../../src/ledger/settlement.ts'
import { UNSEEN } from '../../src/ledger/protocol/index.ts'
import { settleOutput } from '../../src/runtime/outputs.ts'
import { loopback } from '../transport/loopback.ts'
import { presentTo } from '../transport/setup.ts'

const ROW = { outcome: 'refused', settles: 'unspent', code: 'refused', next: 'wait' } as const
const SUSPENDED = 'suspended' as Failure

// The table of this test alone: each test file has modules of its own.
Object.assign(FAILURES, { [SUSPENDED]: ROW })

describe('a class of failures that one row adds', () => {
  it('is known to the descriptions, the transport, the ledger and the chart', async () => {
    const server = await loopback((_request, response) => {
      response.writeHead(403, { 'content-type': 'application/json', 'retry-after': '7' })
      response.end('{"error":"account_suspended"}')
    })
    const provider = { failures: { account_suspended: SUSPENDED } }
    const moment = { hostNowMs: 0, storeNowMs: 0 }
    const rotating = { rotation: 'always', reuse: 'revokes' } as const
    const renewed = { refreshToken: new Secret('rt-1'), access: new Map() }

    const presentation = await presentTo(server.origin, { provider })
    const settlement = settlementOf(presentation, renewed, '', rotating, moment)
    const output = settleOutput(
      { type: 'noted' },
      {
        presentation,
        moment,
        ref: { secret: new Secret('grant'), generation: 0 },
        view: UNSEEN,
        isReplayable: false,
        isSpent: false,
        wayInMs: undefined,
        againMs: () => 250,
        backoffMs: () => 250,
      },
    )

    expect(presentation).toMatchObject({ outcome: 'refused', failure: SUSPENDED, status: 403 })
    expect(settlement).toEqual({ type: 'unspent', delayMs: 7_000 })
    expect(output).toMatchObject({ type: 'deferred', problem: { code: 'refused' } })
    expect(output).toHaveProperty('retryInMs', 7_000)
  })

  it('is one of the classes that a description may name', async () => {
    const failures = { account_suspended: 'suspendet' as Failure }

    await expect(presentTo('https://id.example.com', { provider: { failures } })).rejects.toThrow(
      /write .*'suspended'/,
    )
  })

  it('compiles without another edit, where its columns are right', () => {
    const right = compiledWith(ROW)
    const wrong = compiledWith({ ...ROW, next: 'rise' }, right.program)

    expect(right.said).toEqual([])
    expect(wrong.said).toContainEqual(expect.stringContaining('"rise"'))
  }, 120_000)
})

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What the compiler says of the files that read the table, with a row added to it. */
function compiledWith(row: object, before?: ts.Program): { program: ts.Program; said: string[] } {
  const { options } = ts.getParsedCommandLineOfConfigFile(
    `${ROOT}tsconfig.json`,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} },
  )!
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  host.getSourceFile = (path, version) => {
    if (!path.endsWith('src/core/failure.ts')) {
      return before?.getSourceFile(path) ?? getSourceFile(path, version)
    }
    const text = readFileSync(path, 'utf8').replace(
      'export const FAILURES = {',
      (start) => `${start} suspended: ${JSON.stringify(row)},`,
    )
    return ts.createSourceFile(path, text, version)
  }
  const program = ts.createProgram(readers(), options, host)
  const said = readers()
    .flatMap((path) => program.getSemanticDiagnostics(program.getSourceFile(path)))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  return { program, said }
}

/** The table's file, and those that import it. */
function readers(): string[] {
  return readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${ROOT}src/${path}`)
    .filter((path) => /\/failure\.ts'|\bFAILURES =/.test(readFileSync(path, 'utf8')))
}
