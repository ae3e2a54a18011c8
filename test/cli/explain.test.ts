import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { pino } from 'pino'
import { INVARIANTS } from '../../src/cli/explain/invariants.ts'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher, type OnEvent, type RefreshEvent } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { ask, brokenOf, call, journalOf, ownFile } from './explain/told.ts'

const JOURNAL = 'a true journal'
const START_MS = Date.UTC(2026, 10, 21, 8)
const GRANT = 'grantAAA'
const TOKENS = ['tokenAA0', 'tokenAA1', 'tokenAA2', 'tokenAA3'] as const

/** An event of the chain, so many seconds after the journal began. */
function event(seconds: number, type: RefreshEvent['type'], more: object = {}): object {
  return { type, atMs: START_MS + seconds * 1_000, provider: 'test', ...more }
}

const about = (generation: number, token: string = TOKENS[generation]!): object => ({
  token,
  grant: GRANT,
  generation,
})

const claimed = (seconds: number, generation: number, token?: string): object =>
  event(seconds, 'claimed', about(generation, token))

const presented = (seconds: number, generation: number, more: object = {}): object =>
  event(seconds, 'presented', {
    ...about(generation),
    outcome: 'granted',
    isSpent: true,
    times: 1,
    durationMs: 200,
    ...more,
  })

const ended = (seconds: number, generation: number, state: string, code?: string): object =>
  event(seconds, 'ended', { token: TOKENS[generation], grant: GRANT, state, code, durationMs: 300 })

/** Two rotations, a minute apart, a minute after the journal began; a late holder is served. */
const TRUE = [
  event(0, 'ended', { token: 'other000', state: 'error', code: 'busy', durationMs: 5 }),
  claimed(60, 0),
  presented(60.2, 0),
  ended(60.3, 0, 'rotated'),
  claimed(120, 1),
  presented(120.2, 1),
  ended(120.3, 1, 'rotated'),
  event(121, 'served', { token: TOKENS[0], grant: GRANT, generation: 2 }),
  ended(121.1, 0, 'rotated'),
]

describe('refresh-once explain', () => {
  it('finds everything kept in a journal that is true', async () => {
    const told = await ask(journalOf(TRUE))

    expect(brokenOf(told)).toEqual([])
    expect(told).toMatchObject({ exitCode: 0, grants: 1, tokens: 3, lines: { events: 9 } })
  })

  const FALSE: readonly [keyof typeof INVARIANTS, string, readonly object[]][] = [
    ['presented_once', 'a second presentation that spends', [claimed(180, 0), presented(180.2, 0)]],
    [
      'presented_once',
      'one after it that leaves it as it is',
      [claimed(180, 1), presented(180.2, 1, { isSpent: false, outcome: 'deferred' })],
    ],
    [
      'one_at_a_time',
      'two presentations at once of a token that is kept',
      [
        claimed(180, 2),
        presented(200, 2, { isSpent: false, durationMs: 15_000 }),
        claimed(181, 2),
        presented(201, 2, { isSpent: false, durationMs: 15_000 }),
      ],
    ],
    ['claimed_first', 'a presentation without a claim', [presented(180.2, 2)]],
    [
      'generations_rise',
      'another token of a generation',
      [claimed(180, 2), claimed(181, 2, 'forked00')],
    ],
    ['generations_rise', 'a claim of what was left', [claimed(180, 1)]],
    [
      'served_exists',
      'a generation that nobody had',
      [event(180, 'served', { token: TOKENS[0], grant: GRANT, generation: 5 })],
    ],
    [
      'end_is_final',
      'a claim after a replay',
      [event(180, 'reuse_detected', { token: TOKENS[0], grant: GRANT }), claimed(240, 2)],
    ],
    [
      'end_is_final',
      'a hand-out after a call was told that the chain is over',
      [
        ended(180, 2, 'revoked', 'rejected'),
        event(240, 'served', { token: TOKENS[1], grant: GRANT, generation: 2 }),
      ],
    ],
    [
      'end_is_final',
      'a presentation after a sign-out',
      [claimed(180, 2), event(181, 'revoked', { grant: GRANT }), presented(240, 2)],
    ],
    ['ends_as_charted', 'a failure without a reason', [ended(180, 2, 'error')]],
    [
      'ends_as_charted',
      'an end for a reason that ends nothing',
      [ended(180, 2, 'revoked', 'busy')],
    ],
    [
      'ends_as_charted',
      'a newer set of nobody',
      [event(180, 'ended', { token: 'nobody00', state: 'rotated', durationMs: 10 })],
    ],
  ]

  it.each(FALSE)(
    'finds %s broken, and nothing that does not follow: %s',
    async (name, _, lines) => {
      const told = await ask(journalOf([...TRUE, ...lines]))

      const follows = name === 'presented_once' ? ['generations_rise'] : []
      expect(brokenOf(told)).toEqual([name, ...follows])
      expect(told.exitCode).toBe(1)
    },
  )

  it('has a falsified journal for each invariant', () => {
    expect([...new Set(FALSE.map(([name]) => name))].toSorted()).toEqual(
      Object.keys(INVARIANTS).toSorted(),
    )
  })

  it('reads the names that events and codes had in 0.1.0', async () => {
    const old = {
      ...event(180, 'reuse_detected', { token: TOKENS[0], grant: GRANT }),
      type: 'replay',
    }
    const told = await ask(
      journalOf([...TRUE, old, ended(181, 0, 'revoked', 'replay'), claimed(240, 2)]),
    )

    expect(brokenOf(told)).toEqual(['end_is_final'])
  })

  it('does not take for proof what the clocks of hosts may have turned round', async () => {
    const lines = [
      event(180, 'reuse_detected', { token: TOKENS[0], grant: GRANT }),
      claimed(182, 2),
    ]
    const journal = journalOf([...TRUE, ...lines])

    expect(brokenOf(await ask(journal))).toEqual([])
    expect(brokenOf(await ask(journal, '--slack-ms', '1000'))).toEqual(['end_is_final'])
  })

  it('does not miss what lies before the journal begins', async () => {
    const cut = [presented(0.1, 1), ended(0.2, 1, 'rotated'), ...TRUE.slice(7)]

    expect(brokenOf(await ask(journalOf(cut)))).toEqual([])
  })

  it('believes a presentation that comes again inside the window of its claim', async () => {
    const again = [
      claimed(180, 2),
      presented(180.2, 2, { outcome: 'unknown' }),
      presented(180.9, 2, { times: 2 }),
    ]

    expect(brokenOf(await ask(journalOf([...TRUE, ...again])))).toEqual([])
  })

  it('tells the story of a chain by any of its fingerprints', async () => {
    const journal = journalOf(TRUE)

    const byToken = await call(journal, '--grant', TOKENS[1])
    const byGrant = await call(journal, '--grant', GRANT)

    expect(byToken.out).toBe(byGrant.out)
    expect(byGrant.out).toContain('rotations: 2; the latest generation that anybody had: 2')
    expect(byGrant.out).toContain('presents R1 (tokenAA1): granted, and it is spent (200 ms)')
    expect(byGrant.out).toContain('comes with R0 (tokenAA0), and is handed the set of R2')
  })

  it('tells the story of a chain of which something did not hold, and what', async () => {
    const { out } = await call(journalOf([...TRUE, presented(180.2, 0)]))

    expect(out).toMatch(/^BROKEN {2}presented_once .*\n {10}chain grantAAA, token tokenAA0: /m)
    expect(out).toMatch(/^chain grantAAA$/m)
  })

  it('counts what is foreign and what breaks off, and goes on', async () => {
    const broken = JSON.stringify(TRUE[1]).slice(0, 40)
    const foreign = [
      'Server listening',
      '{"level":30,"msg":"hello"}',
      '[1]',
      '{"type":"claimed"}',
      '',
    ]
    const told = await call(journalOf([...foreign, ...TRUE, broken, presented(180.2, 0)]))

    expect(told.out).toContain('lines that are not of refresh-once: 4')
    expect(told.out).toContain('lines that break off, of which nobody knows what they said: 1')
    expect(told.out).toContain('What is missing may stand in the lines that break off.')
  })

  it('counts an event whose end it does not know', async () => {
    const odd = presented(180.2, 2, { outcome: 'postponed', isSpent: false })

    const { out } = await call(journalOf([...TRUE, claimed(180, 2), odd]))

    expect(out).toContain('events that do not say how they ended, as far as is known: 1')
  })

  it('takes what was delivered twice for one', async () => {
    const journal = journalOf(TRUE)

    const told = await ask(journal, journal)

    expect(brokenOf(told)).toEqual([])
    expect(told.lines).toMatchObject({ events: TRUE.length, repeated: TRUE.length })
  })

  it('prints nothing of a journal but what it knows', async () => {
    const evil = {
      hint: 'LEAK',
      code: 'LEAK',
      token: 'LEAK\u001b[31m',
      grant: 'LEAK',
      state: 'LEAK',
    }
    const journal = journalOf([...TRUE, event(200, 'ended', evil), event(201, 'presented', evil)])

    const { out } = await call(journal, '--grant', GRANT)

    expect(out).not.toContain('LEAK')
    expect(out).not.toContain('\u001b')
  })

  it('reads several files as one journal', async () => {
    const told = await ask(journalOf(TRUE.slice(0, 4)), journalOf(TRUE.slice(4)))

    expect(told.lines.events).toBe(TRUE.length)
    expect(brokenOf(told)).toEqual([])
  })

  it('survives times and numbers that no clock and no ledger has', async () => {
    const odd = [1e300, -1e300, 8.65e15].map((atMs) => ({ ...event(0, 'claimed'), atMs }))
    const numbers = { generation: 1e300, status: 1e300, durationMs: 1e300, pid: 1e300, times: 0.5 }

    const { exitCode, out } = await call(
      journalOf([...odd, ...TRUE, event(500, 'served', { ...about(1), ...numbers })]),
    )

    expect(exitCode, out).toBe(0)
    expect(out).toContain('lines that are not of refresh-once: 3')
  })

  it('holds a token that was presented very often against its claims', async () => {
    const often = Array.from({ length: 150_000 }, (_, at) => presented(60 + at / 1_000, 0))

    expect(brokenOf(await ask(journalOf(often)))).toContain('presented_once')
  })

  it.each([
    [
      'console.log of an event',
      "{ type: 'claimed', atMs: 1795248000000 }",
      'JSON.stringify(event)',
    ],
    ['an event over several lines', '{\n  "type": "claimed",\n  "atMs": 1\n}', 'whole on one line'],
    ['a line that breaks off', JSON.stringify(TRUE[1]).slice(0, 40), 'lines that break off'],
    ['a very long line', 'x'.repeat(300_000), 'lines of more than 64 KiB'],
    ['other text', 'Server listening', 'lines that are not of refresh-once: 1'],
  ])('says why no line is an event: %s', async (_, text, why) => {
    const { exitCode, error } = await call(journalOf([text]))

    expect(error).toContain(why)
    expect(exitCode).toBe(2)
  })

  it('says that a journal is compressed', async () => {
    const path = ownFile('journal.jsonl.gz')
    writeFileSync(path, gzipSync(JSON.stringify(TRUE[0])))

    expect((await call(path)).error).toContain('is compressed: unpack it first, gunzip -c')
  })

  it('reads a pipe as it reads a file', () => {
    const journal = readFileSync(journalOf(TRUE), 'utf8')
    const told = (name: string): string =>
      execFileSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'explain', name], {
        input: journal,
        encoding: 'utf8',
      })

    expect(told('-')).toContain('presents R1 (tokenAA1): granted')
    expect(told('/dev/stdin')).toBe(told('-'))
  })

  it.each([
    [[], 'name a journal'],
    [['/nowhere.jsonl'], '/nowhere.jsonl cannot be read (ENOENT)'],
    [[JOURNAL, '--grant', 'x'], '--grant is a fingerprint'],
    [[JOURNAL, '--grant', 'unknown0'], 'no journal tells of unknown0'],
    [[JOURNAL, '--slack-ms', 'x'], '--slack-ms is'],
    [[JOURNAL, '--nope'], "Unknown option '--nope'"],
    [['/dev/null'], 'no line of /dev/null is an event'],
    [['package.json'], 'no line of package.json is an event'],
  ])('ends with 2 for %j', async (args, message) => {
    const journal = journalOf(TRUE)

    const { exitCode, error, out } = await call(
      ...args.map((each) => (each === JOURNAL ? journal : each)),
    )

    expect(error).toContain(message)
    expect([exitCode, out]).toEqual([2, ''])
  })
})

describe('a journal as it really comes', () => {
  const JSON_LINES = TRUE.map((line) => JSON.stringify(line))
  const text = `${JSON_LINES.join('\n')}\n`
  const each = (make: (line: string, index: number) => string): string =>
    JSON_LINES.map((line, index) => `${make(line, index)}\n`).join('')
  const at = '2026-11-30T08:00:00.123456789Z'

  const FORMS: Readonly<Record<string, string | Buffer>> = {
    'docker compose logs': each((line, index) => `web-${(index % 2) + 1}  | ${line}`),
    'docker compose logs, with colours': each((line) => `\u001b[36mweb-1  | \u001b[0m${line}`),
    'docker compose logs --timestamps': each((line) => `web-1  | ${at} ${line}`),
    'the file of docker': each((line) =>
      JSON.stringify({ log: `${line}\n`, stream: 'stdout', time: at }),
    ),
    'kubectl logs --timestamps': each((line) => `${at} ${line}`),
    'kubectl logs --prefix': each((line) => `[pod/web-7d9c-x2/web] ${line}`),
    'the file of a kubelet': each((line) => `${at} stdout F ${line}`),
    stern: each((line) => `web-7d9c-x2 web ${line}`),
    journalctl: each((line) => `Nov 30 08:00:00 vm web[812]: ${line}`),
    'journalctl -o json': each((line) => JSON.stringify({ MESSAGE: line, _PID: '812' })),
    'journalctl -o json, with colours': each((line) =>
      JSON.stringify({ MESSAGE: [...Buffer.from(`\u001b[0m${line}`)], _PID: '812' }),
    ),
    'aws logs filter-log-events': JSON.stringify({
      events: JSON_LINES.map((message) => ({ message, timestamp: 1 })),
    }),
    'logs of OpenTelemetry': JSON.stringify({
      resourceLogs: [
        {
          scopeLogs: [{ logRecords: JSON_LINES.map((line) => ({ body: { stringValue: line } })) }],
        },
      ],
    }),
    'an answer of Loki': JSON.stringify({
      streams: [{ stream: { app: 'web' }, values: JSON_LINES.map((line) => ['1', line]) }],
    }),
    'a table of CloudWatch or Datadog': each((line) => `1,"${line.replaceAll('"', '""')}"`),
    'a list longer than its braces are tried': `[${'{},'.repeat(20)}${JSON_LINES.join(',')}]\n`,
    logcli: each((line) => `${at} {app="web"} ${line}`),
    logfmt: each((line) => `ts=${at} msg=${JSON.stringify(line)}`),
    'a text of JSON': each((line) => JSON.stringify(line)),
    'a collector, two members deep': each((line) =>
      JSON.stringify({ a: { event: JSON.parse(line) as object } }),
    ),
    'a list on one line': `[${JSON_LINES.join(',')}]\n`,
    'a list over several lines': `[\n${JSON_LINES.join(',\n')}\n]\n`,
    'words behind it': each((line) => `${line} (web)`),
    'jq -C': each((line) => `\u001b[1;39m${line.replaceAll(':', '\u001b[0m:')}\u001b[0m`),
    CRLF: text.replaceAll('\n', '\r\n'),
    CR: text.replaceAll('\n', '\r'),
    'no line break at its end': text.trimEnd(),
    'a byte order mark': `\ufeff${text}`,
    'a byte order mark before each line': each((line) => `\ufeff${line}`),
    'UTF-16': Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'utf16le'),
    'UTF-16, big-endian': Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    'UTF-16 without byte order mark': Buffer.from(text, 'utf16le'),
  }

  it.each(Object.keys(FORMS))('is read: %s', async (form) => {
    const path = ownFile('journal.txt')
    writeFileSync(path, FORMS[form]!)

    const told = await ask(path)

    expect(told).toMatchObject({ exitCode: 0, grants: 1, tokens: 3, lines: { broken: 0 } })
    expect(told.lines.events).toBe(TRUE.length)
  })

  it('tells processes apart by the name before a line', async () => {
    const path = ownFile('journal.txt')
    writeFileSync(path, FORMS['docker compose logs']!)

    const { out } = await call(path)

    expect(out).toContain('processes: 2')
    expect(out).toContain('web-2  claims R0')
  })

  it('takes time in proportion to a line that is made to be slow', async () => {
    const evil = [
      '{'.repeat(60_000),
      '{"'.repeat(30_000),
      '\u001b]'.repeat(30_000),
      '{\\"'.repeat(15_000),
      '{""'.repeat(20_000),
      '{}'.repeat(30_000),
    ]

    expect(await ask(journalOf([...evil, ...TRUE]))).toMatchObject({ exitCode: 0, grants: 1 })
  })
})

describe('what a logger makes of an event', () => {
  const LOGGERS: Readonly<Record<string, (path: string) => OnEvent>> = {
    'JSON lines': (path) => (event) => appendFileSync(path, `${JSON.stringify(event)}\n`),
    'pino, its members': (path) => {
      const log = pino(pino.destination({ dest: path, sync: true }))
      return (event) => log.info(event)
    },
    'pino, a member of its own': (path) => {
      const log = pino(pino.destination({ dest: path, sync: true }))
      return (event) => log.info({ refresh: event }, 'refresh-once')
    },
  }

  it.each(Object.keys(LOGGERS))('is read: %s', async (name) => {
    await using server = await startOidcServer()
    const path = ownFile('journal.jsonl')
    writeFileSync(path, '')
    const refresher = createRefresher({
      refusedFloorMs: 0,
      provider: oidc({ issuer: server.issuer }),
      client: server.clients.public,
      ledger: { store: memoryStore() },
      onEvent: LOGGERS[name]!(path),
    })
    const signedIn = tokenSetOf(await server.signIn())
    const { tokens } = await refresher.refresh(signedIn, { refused: true })
    await refresher.refresh(tokens, { refused: true })
    server.endGrant(tokens.refreshToken!)

    const told = await ask(path)

    expect(brokenOf(told)).toEqual([])
    expect(told).toMatchObject({ exitCode: 0, grants: 1, tokens: 2, lines: { foreign: 0 } })
    expect(told.stories[0]!.lines.join('\n')).toMatch(/presents R1 \(\S{8}\): granted/)
  })
})
