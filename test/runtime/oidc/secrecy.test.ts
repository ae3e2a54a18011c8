import { stderr, stdout } from 'node:process'
import { inspect } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import type { Outcome } from '../../../src/index.ts'
import { expectNoSecret, HOUR_MS, world } from '../world.ts'

/** Everything that is printed meanwhile, by whatever way. */
function overheard(): string[] {
  const heard: string[] = []
  for (const stream of [stdout, stderr]) {
    const write = stream.write
    stream.write = ((chunk: unknown) => heard.push(String(chunk))) as never
    onTestFinished(() => {
      stream.write = write
    })
  }
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const print = console[name]
    console[name] = (...args: unknown[]) => heard.push(...args.map((each) => inspect(each)))
    onTestFinished(() => {
      console[name] = print
    })
  }
  return heard
}

it('no token stands in the store, an event, an error, a log line or console output', async () => {
  const { server, process, signIn, expire, clock, store, events, secrets, told } = await world({
    presentsTwice: true,
  })
  const heard = overheard()
  const errors: unknown[] = []
  const note = (outcome: Outcome): Outcome => {
    errors.push(outcome.error)
    return outcome
  }
  const loud = process({ onEvent: undefined })

  // Granted, served, replayed, revoked, refused, limited, lost, unreadable; a foreign row too.
  const first = await signIn()
  expire()
  const second = note(await process().refresh(first)).tokens
  note(await process().refresh(first))
  expire()
  const third = note(await process().refresh(second)).tokens
  for (const fault of [
    { kind: 'status', status: 429, retryAfterSeconds: 3_600 },
    { kind: 'status', status: 400, body: JSON.stringify({ error: third.refreshToken }) },
  ] as const) {
    server.faults.next(fault)
    expire()
    note(await process({ staleHolders: 'serve' }).refresh(third))
  }
  const other = await signIn()
  expire()
  server.faults.next({ kind: 'cut_after' })
  note(await loud.refresh(other))
  note(await process({ client: server.clients.basic }).refresh(third))
  note(await process().refresh({ ...other, expiresAtMs: Number.NaN }))
  const revoked = await process().revoke(await signIn())
  errors.push(revoked.error)
  clock.advance(HOUR_MS)
  const replaying = process()
  note(await replaying.refresh(first))
  await replaying.drain()

  expect(secrets.size).toBeGreaterThan(12)
  expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(4)
  expect(told('reuse_detected')).toHaveLength(1)
  expect(heard.join('')).toContain(' state=error code=unknown reason=lost_answer token=')
  expectNoSecret(secrets, ...heard, inspect(events, { depth: 9 }), JSON.stringify(events))
  for (const error of errors.filter(Boolean)) {
    const text = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)]
    expectNoSecret(secrets, ...text, String(error), String((error as Error).stack))
  }
  expectNoSecret(secrets, ...store.history.keys())
  expect(() => expectNoSecret(secrets, `x${first.refreshToken}x`)).toThrow('a secret stands in')
})
